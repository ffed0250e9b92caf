//! What becomes of a group of networks where something goes wrong, with a network of one weight for each column.

use detector::{Progress, Silent};
use tch::nn::{Init, Path};
use tch::{Device, Kind, Tensor};
use training::{
    BoxError, Plan, Question, Runtime, SampleShape, StackedObjective, TrainConfig, Trainable,
    Trained, TrainingError, TrainingObjective, TrainingSet, fit_together,
};

/// How a group fails as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fails {
    Never,
    NotStackable,
    OutOfMemory,
}

/// `w·x`, which is to become 1.
#[derive(Debug)]
struct Line {
    w: Tensor, // [d] or [r, d]
    fails: Fails,
}

impl Line {
    fn answer(&self, x: &Tensor) -> Tensor {
        (x * self.w.unsqueeze(-2)).sum_dim_intlist(-1, false, Kind::Float) // [.., b]
    }
}

impl TrainingObjective for Line {
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError> {
        Ok((self.answer(x) - 1.0).square().mean(Kind::Float))
    }

    fn stacked(&self) -> Option<&dyn StackedObjective> {
        (self.fails != Fails::NotStackable).then_some(self as _)
    }
}

impl StackedObjective for Line {
    fn draw(&self, _x: &Tensor) -> Result<Vec<Tensor>, BoxError> {
        Ok(Vec::new())
    }

    fn losses(&self, x: &Tensor, _drawn: &[Tensor]) -> Result<Tensor, BoxError> {
        assert!(self.fails != Fails::OutOfMemory, "CUDA out of memory");
        let squares = (self.answer(x) - 1.0).square(); // [r, b]
        Ok(squares.mean_dim(1, false, Kind::Float))
    }
}

impl Trainable for Line {
    type Input = Tensor;

    fn questions(&self, x: &Tensor, _seed: u64) -> Result<Vec<Question<Tensor>>, BoxError> {
        let input = x.shallow_clone();
        Ok(vec![Question { input, target: 1.0 }])
    }

    fn answer(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        Ok(self.answer(x).to_kind(Kind::Double))
    }

    fn score(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        Trainable::answer(self, x)
    }
}

fn set(seed: u64, scale: f64) -> TrainingSet {
    let x = Tensor::arange(40 * 3, (Kind::Float, Device::Cpu)).view([40, 3]);
    TrainingSet {
        samples: (x * 0.7).sin() * scale,
        shape: SampleShape::Row(3),
        seed,
    }
}

fn trained(
    sets: &[TrainingSet],
    replicas: usize,
    fails: Fails,
) -> Vec<Result<Trained<Line>, TrainingError>> {
    let train = TrainConfig {
        epochs: 5,
        batch_size: 8,
        learning_rate: 1e-2,
        replicas,
        ..TrainConfig::default()
    };
    let plan = Plan {
        description: "line",
        train: &train,
        runtime: &Runtime::new(Device::Cpu),
    };
    let progress: &dyn Progress = &Silent;
    fit_together(&plan, sets, progress, |vs: &Path<'_>, _| {
        let init = Init::Randn {
            mean: 0.0,
            stdev: 1.0,
        };
        Ok(Line {
            w: vs.var("w", &[3], init),
            fails,
        })
    })
}

fn losses(result: &Result<Trained<Line>, TrainingError>) -> Vec<f64> {
    result.as_ref().unwrap().losses().to_vec()
}

fn close(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| (a - b).abs() <= 1e-5 * b.abs())
}

#[test]
fn where_one_diverges_the_others_go_on() {
    let sets = [set(1, 1.0), set(2, 1e30), set(3, 1.0)];
    let alone: Vec<_> = trained(&sets, 1, Fails::Never);
    let together = trained(&sets, 3, Fails::Never);
    for results in [&alone, &together] {
        let error = results[1].as_ref().unwrap_err();
        assert!(
            matches!(error, TrainingError::Diverged { step: 0, epoch: 0, loss } if loss.is_infinite()),
            "{error}"
        );
    }
    for i in [0, 2] {
        assert!(close(&losses(&together[i]), &losses(&alone[i])));
        let weights = |r: &Result<Trained<Line>, _>| format!("{:?}", r.as_ref().unwrap().state());
        assert!(!weights(&together[i]).contains("NaN"));
    }
}

#[test]
fn a_group_that_cannot_be_trained_is_trained_one_after_another() {
    let sets = [set(1, 1.0), set(2, 1.0)];
    let alone = trained(&sets, 1, Fails::Never);
    for fails in [Fails::NotStackable, Fails::OutOfMemory] {
        let instead = trained(&sets, 2, fails);
        for (instead, alone) in instead.iter().zip(&alone) {
            assert_eq!(losses(instead), losses(alone), "{fails:?}");
        }
    }
}

#[test]
fn epochs_of_nothing_leave_the_first_weights() {
    let sets = [set(1, 1.0), set(2, 1.0)];
    let train = TrainConfig {
        epochs: 0,
        replicas: 2,
        ..TrainConfig::default()
    };
    let runtime = Runtime::new(Device::Cpu);
    let plan = Plan {
        description: "line",
        train: &train,
        runtime: &runtime,
    };
    let results = fit_together(&plan, &sets, &Silent, |vs: &Path<'_>, _| {
        let (w, fails) = (vs.var("w", &[3], Init::Const(0.25)), Fails::Never);
        Ok(Line { w, fails })
    });
    for result in results {
        let state = result.unwrap().state().unwrap();
        let w = training::tensor(state.part("variables").unwrap(), "w", Device::Cpu).unwrap();
        assert_eq!(Vec::<f32>::try_from(w).unwrap(), [0.25; 3]);
    }
}
