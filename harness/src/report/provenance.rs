//! The section on where the numbers come from.

use super::material::{Report, ReportedExperiment};
use super::parts::{count, set, table};
use crate::results::result::RunResult;
use maud::{Markup, html};

pub(super) fn section(report: &Report) -> Markup {
    html! {
        section id="provenance" {
            h2 { "Provenance" }
            p {
                "Published values: results/paper.csv of the program, from arXiv 2307.14179. Times are wall time; runs that shared their machine \
                 (column at once) took longer than they would alone."
            }
            @for experiment in &report.experiments {
                (set(report, &format!("{}-provenance", experiment.id), &experiment.title(), None, experiment_part(experiment)))
            }
        }
    }
}

fn experiment_part(experiment: &ReportedExperiment) -> Markup {
    let header = [
        "run",
        "id",
        "device",
        "program",
        "commit",
        "burn",
        "training, s",
        "scoring, s",
        "images/s",
        "at once",
        "peak memory, MiB",
        "ended",
    ];
    let lines: Vec<_> = experiment.rows.iter().filter_map(|row| row.result()).map(line).collect();
    let mut settings = experiment.section.settings.clone();
    (settings.rates, settings.seed) = (experiment.section.baseline.clone(), 0);
    let toml = toml::to_string(&settings).unwrap_or_else(|error| error.to_string());
    html! {
        p { "Data fingerprint (SHA-256 over all files): " code { (experiment.section.data_fingerprint) } }
        details.paper {
            summary { (count(lines.len(), "run", "runs")) }
            (table(&format!("Runs of {}", experiment.name()), &header, &lines))
        }
        @for cell in &experiment.section.cells {
            @for failed in &cell.failed {
                p.missing { "Failed: rates " (super::parts::rates(&cell.rates)) ", seed " (failed.seed) ", at iteration " (failed.iteration) ": " (failed.reason) "." }
            }
        }
        details {
            summary { "All settings (rates of the baseline, seed 0)" }
            div.scroll tabindex="0" role="region" aria-label={ "Settings of " (experiment.name()) } { pre { (toml) } }
        }
    }
}

fn line(result: &RunResult) -> Vec<Markup> {
    let memory = result.peak_memory_bytes.map_or_else(|| "unknown".into(), |bytes| (bytes >> 20).to_string());
    let commit = result.provenance.git_commit.clone();
    let short = commit.get(..12).map_or_else(
        || commit.clone(),
        |start| format!("{start}{}", if commit.ends_with("-dirty") { "-dirty" } else { "" }),
    );
    [
        format!("{} seed {}", result.settings.rates_name(), result.settings.seed),
        result.run_id.clone(),
        format!("{} ({})", result.device, result.adapter),
        result.provenance.version.clone(),
        short,
        result.provenance.burn_version.clone(),
        format!("{:.1}", result.train_seconds),
        format!("{:.1}", result.eval_seconds),
        format!("{:.1}", result.images_per_second),
        result.jobs.to_string(),
        memory,
        result.finished.clone(),
    ]
    .map(|text| html! { (text) })
    .to_vec()
}
