use detector::{State, StateError};

/// The neighbours that a stored denoiser looks at.
pub(crate) struct Neighbourhood {
    /// Numbers of nearest training rows.
    pub(crate) ks: Vec<usize>,
    /// Training rows close by that are compared with.
    pub(crate) local: usize,
    /// The weight of that comparison, in [0, 1].
    pub(crate) local_weight: f64,
}

impl Neighbourhood {
    /// Of `n` training rows.
    ///
    /// # Errors
    /// [`StateError::Content`] for numbers that are not below `n`, and for another weight.
    pub(crate) fn restore(state: &State, n: usize) -> Result<Self, StateError> {
        let ks: Vec<u64> = state.list("neighbours")?;
        let local: usize = state.value("local-neighbours")?;
        let some = |k: usize| (1..n).contains(&k);
        if ks.is_empty() || !ks.iter().all(|k| some(*k as usize)) || !some(local) {
            let found = format!("{ks:?} and {local} of {n} rows");
            return Err(state.wrong("neighbours", found));
        }
        let local_weight: f64 = state.value("local-weight")?;
        if !(0.0..=1.0).contains(&local_weight) {
            return Err(state.wrong("local-weight", local_weight));
        }
        Ok(Self {
            ks: ks.into_iter().map(|k| k as usize).collect(),
            local,
            local_weight,
        })
    }
}
