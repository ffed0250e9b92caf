//! A device with little memory, played by an objective that refuses large batches.

use detector::Silent;
use tch::{Device, Kind, Tensor, nn};
use training::{BoxError, Run, Session, TrainConfig, TrainingError, TrainingObjective, train};

/// Least squares on rows `[x, y]`.
struct Line {
    slope: Tensor,
    offset: Tensor,
    most: i64,
    seen: Vec<i64>,
}

impl TrainingObjective for Line {
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError> {
        let rows = x.size()[0];
        assert!(rows <= self.most, "CUDA out of memory. Tried to allocate");
        self.seen.push(rows);
        let error = x.select(1, 0) * &self.slope + &self.offset - x.select(1, 1);
        Ok(error.square().mean(Kind::Float))
    }
}

fn fit(most: i64, accumulate: usize) -> Result<([f64; 2], Vec<i64>), TrainingError> {
    let config = TrainConfig {
        epochs: 4,
        batch_size: 13,
        accumulate,
        learning_rate: 0.05,
        ..TrainConfig::default()
    };
    let vs = nn::VarStore::new(Device::Cpu);
    let mut objective = Line {
        slope: vs.root().zeros("slope", &[]),
        offset: vs.root().zeros("offset", &[]),
        most,
        seen: Vec::new(),
    };
    let session = Session::begin(Device::Cpu)?;
    let run = Run {
        session: &session,
        progress: &Silent,
        folder: None,
    };
    let x = Tensor::arange(80, (Kind::Float, Device::Cpu))
        .view([40, 2])
        .sin();
    train(&vs, &mut objective, &x, &config, 0, &run)?;
    let found = [&objective.slope, &objective.offset].map(|v| v.double_value(&[]));
    Ok((found, objective.seen))
}

#[test]
fn batches_are_cut_into_pieces_with_the_same_mean_gradient() {
    for accumulate in [1, 2] {
        let (whole, seen) = fit(13, accumulate).unwrap();
        assert!(seen.iter().all(|rows| *rows == 13));
        let (pieces, seen) = fit(5, accumulate).unwrap();
        assert_eq!(seen[..4], [4, 3, 3, 3]); // the first that fit: a quarter
        for (a, b) in whole.iter().zip(&pieces) {
            assert!((a - b).abs() < 1e-5, "{whole:?} {pieces:?}"); // sums in another order
        }
        assert!(whole[0].abs() > 0.05, "nothing was learned");
    }
}

#[test]
fn too_little_for_two_rows_is_an_error() {
    let error = fit(1, 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "out of memory even with 3 samples at once: take a smaller network or smaller images"
    );
}
