use std::ops::Range;

use detector::State;
use ndarray::Ix1;
use tch::{Device, Kind, Tensor};
use training::{TrainingError, tensor_of};

use crate::PatchesError;
use crate::remembered::Remembered;
use crate::scorer::{Fitted, Turn};
use crate::side_by_side::side_by_side;

/// Places of an image whose patches are compared together.
const PLACES: usize = 256;

/// Names in a stored state.
const PATCHES: &str = "patches";
const GAIN: &str = "gain";
const STARTS: &str = "starts";

/// A memory of patches and what its denoiser leaves of a patch's difference from the nearest of them.
#[derive(Debug)]
pub(crate) struct LocalWiener {
    pub(crate) remembered: Remembered,
    /// `[k, k]`, of [`unexplained`](crate::gain::unexplained).
    pub(crate) gain: Tensor,
    /// How many of the nearest count.
    pub(crate) neighbours: usize,
    /// Where patches are compared with those of places close by.
    pub(crate) places: Option<Places>,
}

/// Remembered patches in the order of their places.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Places {
    /// Rows and columns.
    pub(crate) grid: [usize; 2],
    /// The first patch of each place, row by row, and at last the number of all.
    pub(crate) starts: Vec<usize>,
}

impl Places {
    /// The patches at `place` and at the places around it, those of one row of places together.
    pub(crate) fn around(&self, place: usize) -> Vec<Range<usize>> {
        let [rows, columns] = self.grid;
        let (row, column) = (place / columns, place % columns);
        let first = column.saturating_sub(1);
        let last = (column + 1).min(columns - 1);
        let rows = row.saturating_sub(1)..=(row + 1).min(rows - 1);
        let ranges = rows.map(|row| {
            let at = |column: usize| row * columns + column;
            self.starts[at(first)]..self.starts[at(last) + 1]
        });
        ranges.filter(|range| !range.is_empty()).collect()
    }
}

impl LocalWiener {
    /// For patches of `k` numbers, on a grid where places count.
    pub(crate) fn stored(
        state: &State,
        k: usize,
        neighbours: usize,
        grid: Option<[usize; 2]>,
        device: Device,
    ) -> Result<Self, PatchesError> {
        let m = state.stored(PATCHES)?.shape().first().copied().unwrap_or(0);
        if m == 0 {
            return Err(state.wrong(PATCHES, "there are none").into());
        }
        let (m, k) = (m as i64, k as i64);
        let places = |grid: [usize; 2]| -> Result<Places, PatchesError> {
            let n = grid[0] * grid[1];
            let starts = state.array::<i64, Ix1>(STARTS)?;
            let is_rising = starts.iter().zip(starts.iter().skip(1)).all(|(a, b)| a < b);
            let ends = (starts.first(), starts.last()) == (Some(&0), Some(&m));
            if starts.len() != n + 1 || !is_rising || !ends {
                let reason = format!("not the starts of {m} patches at {n} places");
                return Err(state.wrong(STARTS, reason).into());
            }
            let starts = starts.iter().map(|start| *start as usize).collect();
            Ok(Places { grid, starts })
        };
        Ok(Self {
            remembered: Remembered::new(&tensor_of(state, PATCHES, &[m, k], device)?)?,
            gain: tensor_of(state, GAIN, &[k, k], device)?,
            neighbours,
            places: grid.map(places).transpose()?,
        })
    }

    /// The same, for another thread.
    pub(crate) fn share(&self) -> Self {
        Self {
            remembered: self.remembered.share(),
            gain: self.gain.shallow_clone(),
            neighbours: self.neighbours,
            places: self.places.clone(),
        }
    }

    /// What patches at the places from `first` on, `[q, k]`, differ by from the mean of the nearest that are
    /// remembered, `[q, k]`; `apart` as in [`Remembered::nearest`].
    pub(crate) fn deviations(
        &self,
        x: &Tensor,
        places: &[usize],
        apart: Option<[&Tensor; 2]>,
    ) -> Result<Tensor, PatchesError> {
        let Some(by_place) = &self.places else {
            let ranges = self.remembered.all();
            let nearest = self
                .remembered
                .nearest(x, &ranges, self.neighbours, apart)?;
            return self.remembered.deviations(x, &nearest);
        };
        let mut deviations = Vec::with_capacity(places.len());
        for (i, place) in places.iter().enumerate() {
            let x = x.f_narrow(0, i as i64, 1)?;
            let own = apart
                .map(|[_, own]| own.f_narrow(0, i as i64, 1))
                .transpose()?;
            let apart = apart
                .zip(own.as_ref())
                .map(|([theirs, _], own)| [theirs, own]);
            let around = by_place.around(*place);
            let nearest = self
                .remembered
                .nearest(&x, &around, self.neighbours, apart)?;
            deviations.push(self.remembered.deviations(&x, &nearest)?);
        }
        Ok(Tensor::f_cat(&deviations, 0)?)
    }

    /// The patches of one image at the places from `first` on, `[q, k]` → `[q]`.
    fn lengths(&self, x: &Tensor, first: usize) -> Result<Tensor, PatchesError> {
        let places: Vec<usize> = (first..first + x.size()[0] as usize).collect();
        let left = self.deviations(x, &places, None)?.f_matmul(&self.gain)?;
        let squares = left.f_square()?;
        Ok(squares.f_sum_dim_intlist(1, false, Kind::Float)?.f_sqrt()?)
    }
}

impl Fitted for LocalWiener {
    const KIND: &'static str = "local-wiener";

    fn tensors(&self) -> Result<Vec<(&'static str, Tensor)>, PatchesError> {
        let mut tensors = vec![
            (PATCHES, self.remembered.patches()?),
            (GAIN, self.gain.shallow_clone()),
        ];
        if let Some(places) = &self.places {
            let starts: Vec<i64> = places.starts.iter().map(|start| *start as i64).collect();
            tensors.push((STARTS, Tensor::f_from_slice(&starts)?));
        }
        Ok(tensors)
    }

    fn distances(&self, x: &Tensor, turn: &Turn<'_>) -> Result<Tensor, PatchesError> {
        let (n, p, _) = x.size3()?;
        let pieces = (p as usize).div_ceil(PLACES);
        // Each thread has tensors of its own over the same numbers.
        let workers = (0..turn.session.threads()).map(|_| (self.share(), x.shallow_clone()));
        let parts = side_by_side(workers.collect(), n as usize * pieces, |(own, x), i| {
            if turn.progress.interrupted() {
                return Err(TrainingError::Interrupted.into());
            }
            let first = (i % pieces * PLACES) as i64;
            let len = (p - first).min(PLACES as i64);
            let x = x.f_get((i / pieces) as i64)?.f_narrow(0, first, len)?;
            own.lengths(&x, first as usize)
        })?;
        match parts.is_empty() {
            true => Ok(Tensor::f_zeros([0, p], (Kind::Float, Device::Cpu))?),
            false => Ok(Tensor::f_cat(&parts, 0)?.f_view([n, p])?),
        }
    }
}
