//! Networks of the user's: modules traced here, saved, and read again from the file.

use std::path::{Path, PathBuf};

use features::{FeaturesError, Normalisation, TorchScript};
use tch::{CModule, Device, Kind, Tensor};

/// Pixels from 0 to 255 without a pattern that a wrong axis would keep.
fn images(n: i64) -> Tensor {
    let numbers = Tensor::arange(n * 3 * 6 * 8, (Kind::Float, Device::Cpu));
    numbers.remainder(251.0).view([n, 3, 6, 8])
}

/// Saves what `network` does as a module.
fn saved(folder: &Path, network: impl Fn(&Tensor) -> Tensor) -> PathBuf {
    let path = folder.join("module.pt");
    let mut closure = |inputs: &[Tensor]| vec![network(&inputs[0])];
    CModule::create_by_tracing("module", "forward", &[images(2)], &mut closure)
        .unwrap()
        .save(&path)
        .unwrap();
    path
}

fn pooled(path: &Path, x: &Tensor) -> Result<Tensor, FeaturesError> {
    TorchScript::load(path, Normalisation::default(), Device::Cpu)?.pooled(x)
}

/// `(x/255 − mean)/std` with ImageNet's figures, averaged over each channel, written out once more.
fn expected(x: &Tensor) -> Tensor {
    let channels = |values: [f64; 3]| Tensor::from_slice(&values).view([1, 3]);
    let mean = x
        .to_kind(Kind::Double)
        .mean_dim(&[2i64, 3][..], false, Kind::Double)
        / 255.0;
    (mean - channels([0.485, 0.456, 0.406])) / channels([0.229, 0.224, 0.225])
}

#[test]
fn maps_are_averaged_and_vectors_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let x = images(5);
    let near = |found: Tensor, factor: f64| {
        assert_eq!(found.size(), [5, 3]);
        let error = (found.to_kind(Kind::Double) - expected(&x) * factor)
            .abs()
            .max();
        assert!(error.double_value(&[]) < 1e-5); // f32
    };
    let maps = saved(folder.path(), |x| x * 2.0);
    near(pooled(&maps, &x).unwrap(), 2.0);
    let vectors = saved(folder.path(), |x| {
        x.mean_dim(&[2i64, 3][..], false, Kind::Float)
    });
    near(pooled(&vectors, &x).unwrap(), 1.0);
}

#[test]
fn what_is_no_backbone_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let reason = |path: &Path| pooled(path, &images(2)).unwrap_err().to_string();
    let missing = folder.path().join("none.pt");
    assert!(reason(&missing).contains("none.pt") && reason(&missing).contains("no such file"));
    let text = folder.path().join("text.pt");
    std::fs::write(&text, "no module").unwrap();
    assert!(reason(&text).contains("not a module saved by torch.jit.save"));
    let whole = std::fs::read(saved(folder.path(), |x| x * 2.0)).unwrap();
    let cut = folder.path().join("cut.pt");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    assert!(reason(&cut).contains("cut.pt"));
    // Numbers of no image in particular.
    let flat = saved(folder.path(), |x| x.flatten(0, -1));
    assert!(reason(&flat).contains("the module's output has the shape [288]"));
    // A product that the images' shape does not allow.
    let matrix = Tensor::ones([5, 2], (Kind::Float, Device::Cpu));
    let bad = saved(folder.path(), move |x| x.narrow(3, 0, 5).matmul(&matrix));
    let error = pooled(&bad, &images(2).narrow(3, 0, 4)).unwrap_err();
    assert!(error.to_string().contains("the module fails"), "{error}");
}
