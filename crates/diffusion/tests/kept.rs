//! Which settings of a diffusion detector make another kept model.

use detector::Silent;
use diffusion::{DiffusionConfig, ImagesConfig};
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};
use training::Runtime;

/// Where a model of these settings is kept below `models`.
fn folder(models: &std::path::Path, config: &str, images: &str) -> PathBuf {
    let config: DiffusionConfig = toml::from_str(config).unwrap();
    let images: ImagesConfig = toml::from_str(images).unwrap();
    let runtime = Runtime {
        models: Some(models.to_owned()),
        ..Runtime::new(Device::Cpu)
    };
    let x = Tensor::zeros([2, 2], (Kind::Float, Device::Cpu));
    let folder = runtime.folder(&("net", config, images), 0, &x, &Silent);
    folder.unwrap().unwrap().path().to_owned()
}

#[test]
fn scores_and_maps_alone_do_not_touch_the_weights() {
    let models = tempfile::tempdir().unwrap();
    let plain = folder(models.path(), "", "");
    for (config, images) in [
        ("score.start = [10]", ""),
        ("score.rule = 'vlb'", ""),
        ("", "map-sigma = 4.0\nmap-quantile = 0.5"),
    ] {
        assert_eq!(folder(models.path(), config, images), plain, "{config}");
    }
    for (config, images) in [
        ("steps = 999", ""),
        ("target = 'v'", ""),
        ("variance = 'fixed-large'", ""),
        ("loss = 'vlb'", ""),
        ("min-snr-gamma = 5.0", ""),
        ("likelihood = 'discretised'", ""),
        ("step-sampling = 'loss-second-moment'", ""),
        ("schedule.kind = 'cosine'", ""),
        ("train.epochs = 1", ""),
        ("", "noise = 'simplex'"),
        ("", "flip = true"),
    ] {
        let other = folder(models.path(), config, images);
        assert_ne!(other, plain, "{config} {images}");
    }
}
