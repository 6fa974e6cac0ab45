//! Inputs that are no plain files, and images that take long or much memory to read.

use crate::place::{Place, files};
use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A grey image of zeros, gzipped.
fn zeros(height: usize, width: usize) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(format!("P5\n{width} {height}\n255\n").as_bytes()).unwrap();
    let row = vec![0; width];
    (0..height).for_each(|_| packed.write_all(&row).unwrap());
    packed.finish().unwrap()
}

/// What proc(5) says of a process: the value of a line of its `status`.
fn status(process: &Child, key: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    text.lines().find_map(|line| Some(line.strip_prefix(key)?.trim().to_owned()))
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_by_every_command() {
    let place = Place::new();
    assert!(Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    assert!(Command::new("mkfifo").arg(place.path("pipe.toml")).status().unwrap().success());
    fs::copy("../models/tests/golden/unet_aspp.pth", place.path("unet.pth")).unwrap();
    for input in ["pipe", "/dev/zero"] {
        let commands: [&[&str]; 12] = [
            &["predict", "--weights", "unet.pth", "--dataset", "stare", "--device", "flex", input],
            &["predict", "--weights", input, "--dataset", "stare", "--device", "flex", "unet.pth"],
            &["eval", "--weights", input, "--dataset", "stare", "--device", "flex"],
            &["erf", "--weights", input, "--dataset", "stare", "--device", "flex", "--size", "32,32", "--noise", "1"],
            &["erf", "--weights", "unet.pth", "--dataset", "stare", "--device", "flex", "--size", "32,32", input],
            &["export", input, "--out", "out.safetensors"],
            &["table", "--out", input],
            &["verify", input],
            &["check", ".", "--reference", input],
            &["merge", "merged", input],
            &["rates", "--size", "64x64", "--output-stride", "8", "--evidence", input],
            &["describe", input],
        ];
        for arguments in commands {
            let error = place.refuse_untouched(arguments);
            assert!(error.contains(input), "{arguments:?}: {error}");
        }
    }
    for arguments in [&["sweep", "pipe.toml", "--dry-run"][..], &["inspect", "pipe.toml"], &["spec", "pipe.toml"]] {
        let error = place.refuse_untouched(arguments);
        assert!(error.contains("pipe.toml"), "{arguments:?}: {error}");
    }
}

/// A pipe in a data set stands for an image that would be missing.
#[cfg(unix)]
#[test]
fn a_pipe_among_images_is_named() {
    let place = Place::new();
    let root = place.drawn_stare();
    let pipe = root.join("STARE/stare-images/im9999.ppm");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = place.refuse(&["inspect", "stare", "--data-root", root.to_str().unwrap(), "--samples", "0"]);
    assert!(error.contains("im9999.ppm: a pipe, a device or a socket"), "{error}");
    fs::copy("../models/tests/golden/unet_aspp.pth", place.path("unet.pth")).unwrap();
    let folder = pipe.parent().unwrap().to_str().unwrap();
    let error = place.refuse(&["predict", "--weights", "unet.pth", "--dataset", "stare", "--device", "flex", folder]);
    assert!(error.contains("im9999.ppm is a pipe"), "{error}");
}

/// 16 bytes a pixel, and 8 for each class, is what the documentation states of predictions.
#[cfg(target_os = "linux")]
#[test]
fn a_prediction_takes_no_more_memory_than_is_stated() {
    const SIDE: usize = 3000;
    let place = Place::new();
    fs::copy("../models/tests/golden/unet_aspp.pth", place.path("unet.pth")).unwrap();
    fs::write(place.path("small.pgm.gz"), zeros(64, 64)).unwrap();
    fs::write(place.path("large.pgm.gz"), zeros(SIDE, SIDE)).unwrap();
    let peak = |image: &str| -> u64 {
        let arguments = ["predict", "--weights", "unet.pth", "--dataset", "stare", "--device", "flex", image];
        let mut command = place.command(&arguments);
        let mut process = command.env("RAYON_NUM_THREADS", "1").stdout(Stdio::null()).spawn().unwrap();
        let mut most = 0;
        // The highest mark of memory is still there in the last moment of a process.
        while process.try_wait().unwrap().is_none() {
            let mark = status(&process, "VmHWM:").and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok());
            most = mark.map_or(most, |mark| most.max(1024 * mark));
            sleep(Duration::from_millis(1));
        }
        assert!(process.wait().unwrap().success());
        most
    };
    let (small, large) = (peak("small.pgm.gz"), peak("large.pgm.gz"));
    let stated = (16 + 8 * 2) * (SIDE * SIDE) as u64;
    assert!(large > small && large - small <= stated, "{small} bytes, then {large}: {stated} more are stated");
}

#[cfg(target_os = "linux")]
#[test]
fn sigterm_is_answered_while_images_are_read() {
    let place = Place::new();
    let root = place.drawn_stare();
    let image = zeros(6000, 6000);
    // Enough of them that nothing else is done for long.
    for path in files(&root).into_iter().filter(|path| path.to_string_lossy().ends_with(".ppm.gz")) {
        for copy in 0..4 {
            let name = path.file_name().unwrap().to_str().unwrap();
            fs::write(path.with_file_name(name.replacen("im", &format!("im{copy}"), 1)), &image).unwrap();
        }
    }
    let arguments = ["inspect", "stare", "--data-root", root.to_str().unwrap(), "--samples", "0"];
    let mut process = place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    const TERM: u32 = 15;
    let listens = |mask: String| u64::from_str_radix(&mask, 16).is_ok_and(|mask| (mask >> (TERM - 1)) & 1 == 1);
    while !status(&process, "SigCgt:").is_some_and(listens) {
        assert!(process.try_wait().unwrap().is_none(), "it ended before it could be asked to");
        sleep(Duration::from_millis(1));
    }
    assert!(Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap().success());
    let output = process.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(75), "{stderr}");
    assert!(stderr.lines().any(|line| line.starts_with("stopped while ") && line.contains("was read")), "{stderr}");
}

/// A program under limits of the shell.
#[cfg(target_os = "linux")]
fn limited(place: &Place, limits: &str, threads: &str) -> std::process::Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limits}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_atrous")]);
    command.args(["rates", "--size", "64x64", "--output-stride", "8"]);
    command.current_dir(place.root()).env("RAYON_NUM_THREADS", threads).output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn no_threads_and_no_memory_are_one_line() {
    let place = Place::new();
    let line = |output: &std::process::Output| {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.lines().count() == 1, "{:?}: {text}", output.status);
        text
    };
    // Stacks for so many are more than there is.
    let text = line(&limited(&place, "ulimit -v 1000000", "2000"));
    assert!(text.starts_with("error: cannot start threads: "), "{text}");
    let (mut refused, mut started) = (0, false);
    for megabytes in (60..600).step_by(20) {
        let output = limited(&place, &format!("ulimit -v {}", 1000 * megabytes), "1");
        if output.status.success() {
            started = true;
        } else if output.status.code().is_some_and(|code| code < 127) {
            let text = line(&output);
            assert!(text.contains("no memory to start") || text.contains("cannot start threads"), "{text}");
            refused += 1;
        } else {
            // The system has no room for the program itself.
            assert!(refused == 0 && !started, "{megabytes} MB: {:?}", output.status);
        }
    }
    assert!(refused > 0 && started, "{refused} refused");
}
