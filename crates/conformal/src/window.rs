use crate::benjamini_hochberg::benjamini_hochberg;
use crate::error::{ConformalError, check_rate, check_share};

/// Benjamini–Hochberg over consecutive windows of a stream: decisions come when a window is full.
///
/// The false discovery rate of each window is at most `alpha`, on average over the draws of the
/// calibration rows. How many rows a window must hold to allow any discovery: [`crate::can_reject`].
#[derive(Debug, Clone)]
pub struct Window {
    size: usize,
    alpha: f64,
    open: Vec<f64>,
}

impl Window {
    /// Windows of `size` rows, each with false discovery rate `alpha`.
    ///
    /// # Errors
    /// No rows, `alpha` outside (0, 1).
    pub fn new(size: usize, alpha: f64) -> Result<Self, ConformalError> {
        check_rate("alpha", alpha)?;
        if size == 0 {
            let (name, expected) = ("the size of a window", "1 or more");
            return Err(ConformalError::OutOfRange {
                name,
                value: 0.0,
                expected,
            });
        }
        Ok(Self {
            size,
            alpha,
            open: Vec::new(),
        })
    }

    /// Takes the p-value of the next row. With the last row of a window: the decisions for its rows, in
    /// their order.
    ///
    /// # Errors
    /// A p-value outside [0, 1], which is not taken.
    pub fn push(&mut self, p: f64) -> Result<Option<Vec<bool>>, ConformalError> {
        self.open.push(check_share("a p-value", p)?);
        if self.open.len() < self.size {
            return Ok(None);
        }
        self.flush()
    }

    /// Decides about the rows of the window that is open, where there are any: the end of a stream.
    ///
    /// # Errors
    /// None that [`Window::push`] has not reported.
    pub fn flush(&mut self) -> Result<Option<Vec<bool>>, ConformalError> {
        let rows = std::mem::take(&mut self.open);
        if rows.is_empty() {
            return Ok(None);
        }
        benjamini_hochberg(&rows, self.alpha).map(Some)
    }

    /// Rows that wait for a decision.
    pub fn waiting(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_decided_when_it_is_full() {
        let mut window = Window::new(3, 0.1).unwrap();
        assert_eq!(window.push(0.01).unwrap(), None);
        assert!(window.push(1.1).is_err());
        assert_eq!(window.push(0.5).unwrap(), None);
        assert_eq!(window.push(0.9).unwrap(), Some(vec![true, false, false]));
        assert_eq!(window.flush().unwrap(), None);
        window.push(0.05).unwrap();
        assert_eq!(window.waiting(), 1);
        assert_eq!(window.flush().unwrap(), Some(vec![true]));
        assert!(Window::new(0, 0.1).is_err());
        assert!(Window::new(3, f64::NAN).is_err());
    }
}
