//! The specs that the binary carries.

/// A spec that can be named without a file.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedSpec {
    pub name: &'static str,
    /// One line for `--help`.
    pub about: &'static str,
    pub text: &'static str,
}

/// In the order in which a newcomer wants them.
pub const EMBEDDED: [EmbeddedSpec; 9] = [
    EmbeddedSpec {
        name: "quick",
        about: "five synthetic data sets, minutes on a laptop, needs no data",
        text: include_str!("../../../specs/quick.toml"),
    },
    EmbeddedSpec {
        name: "controls",
        about: "images of which the answer is known: does the sweep find it? minutes on two cores, needs no data",
        text: include_str!("../../../specs/controls.toml"),
    },
    EmbeddedSpec {
        name: "retina-small",
        about: "STARE and CHASE_DB1 from files, a narrow U-Net, 24 runs",
        text: include_str!("../../../specs/retina-small.toml"),
    },
    EmbeddedSpec {
        name: "camvid",
        about: "street scenes from files, a narrow DeepLabV3 on ResNet-18, three runs for two cores",
        text: include_str!("../../../specs/camvid.toml"),
    },
    EmbeddedSpec {
        name: "paper",
        about: "all five data sets from files at full scale, for a large GPU",
        text: include_str!("../../../specs/paper.toml"),
    },
    EmbeddedSpec {
        name: "ci",
        about: "a miniature that only shows that everything works, seconds",
        text: include_str!("../../../specs/ci.toml"),
    },
    EmbeddedSpec {
        name: "gate",
        about: "five synthetic data sets, networks that learn a little: what `atrous check` holds against its reference, minutes",
        text: include_str!("../../../specs/gate.toml"),
    },
    EmbeddedSpec {
        name: "speed",
        about: "cases for `atrous bench` on the CPU",
        text: include_str!("../../../specs/speed.toml"),
    },
    EmbeddedSpec {
        name: "speed-gpu",
        about: "cases for `atrous bench` on a GPU",
        text: include_str!("../../../specs/speed-gpu.toml"),
    },
];
