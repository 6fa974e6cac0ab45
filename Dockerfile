# The program with what GPUs need through Vulkan, as a user without rights:
#   docker build -t atrous .
#   docker run --rm -v "$PWD/datasets:/work/datasets:ro" -v "$PWD/runs:/work/runs" atrous sweep quick
# An NVIDIA GPU needs its container toolkit, and `--gpus all -e NVIDIA_DRIVER_CAPABILITIES=all`; others `--device /dev/dri`.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# Without .git the program says "commit unknown"; .dockerignore keeps it.
RUN cargo build --release --locked -p atrous-harness

FROM debian:bookworm-slim
# The Vulkan loader, and Mesa's drivers for AMD and Intel GPUs; a software one is among them, which is only taken when named.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libvulkan1 mesa-vulkan-drivers \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home atrous \
    && mkdir -p /work/datasets /work/runs \
    && chown -R atrous /work
COPY --from=build /src/target/release/atrous /usr/local/bin/atrous
USER atrous
WORKDIR /work
# SIGTERM, which `docker stop` sends, ends in a checkpoint: give it time (`docker stop -t 60`).
ENTRYPOINT ["atrous"]
CMD ["--help"]
