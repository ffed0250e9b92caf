use serde_json::Value;
use tch::Tensor;

use crate::BoxError;

/// What is minimised. [`train`](crate::train) hands out batches and walks down the gradient.
pub trait TrainingObjective {
    /// The loss of one batch, a scalar that depends on every trainable variable.
    ///
    /// What it draws, it draws from libtorch's generator, which the loop seeds before each call from
    /// the training's seed and the batch's number; so a run can be taken up where it was left.
    ///
    /// # Shapes
    /// `x`: `[b, ..]`, samples of the training data on their device, as [`to_numbers`](crate::to_numbers)
    /// makes them → `[]`.
    ///
    /// # Errors
    /// Where the network or libtorch refuses.
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError>;

    /// What the objective has learned besides the network's variables, for a checkpoint.
    fn state(&self) -> Value {
        Value::Null
    }

    /// Takes up what [`state`](Self::state) gave.
    ///
    /// # Errors
    /// [`TrainingError::Checkpoint`](crate::TrainingError::Checkpoint) where `state` does not belong to
    /// this objective.
    fn restore(&mut self, state: &Value) -> Result<(), BoxError> {
        let _ = state;
        Ok(())
    }

    /// The loss as one of which several networks can be trained as one; `None` where they cannot.
    fn stacked(&self) -> Option<&dyn StackedObjective> {
        None
    }
}

/// The loss of replicas that are trained as one: networks of one shape, each of whose variables holds theirs,
/// stacked along a new first dimension.
pub trait StackedObjective {
    /// What one network draws for the batch `x`, `[b, ..]`, in the order in which
    /// [`TrainingObjective::loss`] draws it, from libtorch's generator; so that a replica meets the numbers that it
    /// would meet alone.
    ///
    /// # Errors
    /// Where libtorch refuses.
    fn draw(&self, x: &Tensor) -> Result<Vec<Tensor>, BoxError>;

    /// The loss of each replica on its own batch.
    ///
    /// # Shapes
    /// `x`: `[r, b, ..]`, each of `drawn`: `[r, ..]` → `[r]`.
    ///
    /// # Errors
    /// Where the network or libtorch refuses.
    fn losses(&self, x: &Tensor, drawn: &[Tensor]) -> Result<Tensor, BoxError>;
}
