use detector::{Input, State, StateError};
use ndarray::{Array2, Array4, Ix2, Ix4};
use tch::{Device, Tensor};
use training::{BoxError, SampleShape, probe_rows};

/// Their name in a stored state.
const NAME: &str = "reference";

/// Training samples that typicality and the scale of the maps are taken from.
#[derive(Debug)]
pub(crate) enum Reference {
    Rows(Array2<f32>),
    Images(Array4<u8>),
}

impl Reference {
    /// Evenly spaced samples of `x`, `[n, ..]`.
    pub(crate) fn of(x: &Tensor, shape: SampleShape) -> Result<Self, BoxError> {
        let some = probe_rows(x)?.f_to_device(Device::Cpu)?;
        let n = some.size()[0] as usize;
        let numbers = some.f_reshape([-1])?;
        Ok(match shape {
            SampleShape::Row(d) => {
                Self::Rows(Array2::from_shape_vec((n, d), Vec::try_from(numbers)?)?)
            }
            SampleShape::Image([c, h, w]) => {
                let bytes = Vec::try_from(numbers)?;
                Self::Images(Array4::from_shape_vec((n, c, h, w), bytes)?)
            }
        })
    }

    /// `state` with these samples.
    pub(crate) fn store(&self, state: State) -> State {
        match self {
            Self::Rows(x) => state.with_array(NAME, x),
            Self::Images(x) => state.with_array(NAME, x),
        }
    }

    /// Those of `state`, of this shape.
    pub(crate) fn stored(state: &State, shape: SampleShape) -> Result<Self, StateError> {
        let n = state.stored(NAME)?.shape().first().copied().unwrap_or(0);
        if n == 0 {
            return Err(state.wrong(NAME, "there are none"));
        }
        Ok(match shape {
            SampleShape::Row(d) => Self::Rows(state.finite::<f32, Ix2>(NAME, (n, d))?),
            SampleShape::Image([c, h, w]) => {
                Self::Images(state.array_of::<u8, Ix4>(NAME, (n, c, h, w))?)
            }
        })
    }

    pub(crate) fn input(&self) -> Input<'_> {
        match self {
            Self::Rows(x) => Input::Rows(x.view()),
            Self::Images(x) => Input::Images(x.view()),
        }
    }
}
