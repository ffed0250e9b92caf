/// The early stop of vicliv/DTE, `diffusion/ddpm.py`: after epoch 50, counted from 0, training ends
/// with the first epoch whose mean loss exceeds that of 39 epochs earlier.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EarlyStop {
    pub(crate) after: usize,
    pub(crate) lag: usize,
}

impl EarlyStop {
    /// Whether to stop after the last of `losses`, the mean loss of each epoch so far.
    pub(crate) fn stops(self, losses: &[f64]) -> bool {
        let Some(epoch) = losses.len().checked_sub(1) else {
            return false;
        };
        epoch > self.after && epoch >= self.lag && losses[epoch] > losses[epoch - self.lag]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: EarlyStop = EarlyStop { after: 50, lag: 39 };

    #[test]
    fn epoch_51_is_the_first_that_can_stop() {
        // The reference compares losses[len − 1] with losses[len − 40] when its epoch index > 50.
        let rising: Vec<f64> = (0..60).map(f64::from).collect();
        assert!(!PUBLISHED.stops(&rising[..51])); // epoch index 50
        assert!(PUBLISHED.stops(&rising[..52])); // epoch index 51
    }

    #[test]
    fn exactly_39_epochs_earlier_counts() {
        let mut losses = vec![1.0; 52];
        losses[51] = 0.5;
        assert!(!PUBLISHED.stops(&losses));
        losses[12] = 0.4; // 51 − 39
        assert!(PUBLISHED.stops(&losses));
        losses[12] = 0.5; // equal is not more
        losses[11] = 0.4;
        losses[13] = 0.4;
        assert!(!PUBLISHED.stops(&losses));
    }

    #[test]
    fn no_stop_before_there_is_an_earlier_epoch() {
        let stop = EarlyStop { after: 0, lag: 39 };
        assert!(!stop.stops(&[]));
        assert!(!stop.stops(&[1.0, 2.0]));
    }
}
