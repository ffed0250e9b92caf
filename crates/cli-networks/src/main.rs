//! The program `residuum-networks`: `residuum` with the methods that need libtorch.

use std::process::ExitCode;

use cli::{Embedder, Networks, NoVectors};
use networks::{FeaturesError, Normalisation};

static NETWORKS: Networks = Networks {
    methods: networks::methods,
    device: networks::resolve,
    set_threads: networks::set_threads,
    embed: |embedder, images, side, device, progress| {
        let rows = with_defaults(embedder).embed(images, side, device, progress);
        rows.map_err(no_vectors)
    },
};

fn main() -> ExitCode {
    cli::main(Some(&NETWORKS))
}

fn with_defaults(embedder: &Embedder) -> networks::Embedder {
    match embedder {
        Embedder::Lite0 => networks::Embedder::Lite0,
        Embedder::TorchScript { module, mean, std } => {
            let imagenet = Normalisation::default();
            networks::Embedder::TorchScript {
                module: module.clone(),
                normalisation: Normalisation {
                    mean: mean.unwrap_or(imagenet.mean),
                    std: std.unwrap_or(imagenet.std),
                },
            }
        }
    }
}

fn no_vectors(error: FeaturesError) -> NoVectors {
    let way_out = error.way_out();
    match error {
        FeaturesError::Interrupted => NoVectors::Interrupted(Box::new(error)),
        _ if error.is_missing() => NoVectors::Missing(Box::new(error), way_out),
        _ => NoVectors::Refused(Box::new(error), way_out),
    }
}
