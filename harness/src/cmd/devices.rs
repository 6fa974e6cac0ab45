//! `atrous devices`: what can be computed on here.

use super::output::print;
use crate::support::exit::Exit;
use anyhow::Result;
use atrous_models::device::{ComputeDevice, list};

/// List what can be computed on here, and which device `auto` takes
///
/// `flex` is the CPU backend and always there. GPUs are called wgpu:0, wgpu:1 ... (vulkan:INDEX
/// counts Vulkan adapters alone). A software adapter, such as Mesa's lavapipe, serves tests; it is
/// used only when named: wgpu:cpu or vulkan:cpu.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the subcommand.
///
/// # Errors
/// The device that `auto` takes does not open.
pub fn run(_: Args) -> Result<Exit> {
    let chosen = ComputeDevice::select("auto");
    for device in list() {
        let mark = if chosen.as_ref().is_ok_and(|chosen| chosen.name() == device.name) { "  <- auto" } else { "" };
        let api = if device.api.is_empty() { String::new() } else { format!(", {}", device.api) };
        print(format!("{:10}{} ({}{api}){mark}\n", device.name, device.adapter, device.kind))?;
    }
    chosen?;
    Ok(Exit::Done)
}
