use numpy_random::RandomState;

use crate::set::Set;

/// Most rows of each part, for speed: calibration and test rows are more where a true rate is to be known.
const MOST: usize = 1000;
const MOST_LARGE: usize = 3000;
/// Of rows with more than 100 columns.
const MOST_WIDE: usize = 500;
/// Normal rows that are scored to know the true rate of a threshold, where more than [`LARGE`] are to spare.
const HELD_OUT: usize = 40_000;
const LARGE: usize = 10_000;
/// Anomalies among the rows of a stream; with fewer of them there are fewer normal rows as well.
const ODD: f64 = 0.08;
const LEAST_ODD: f64 = 0.05;

/// The rows of one split, places in the set's file.
pub(crate) struct Draw {
    /// To train and to calibrate: the model divides them.
    pub(crate) fit: Vec<usize>,
    /// The share of them that calibrates.
    pub(crate) calibration: f64,
    /// Other normal rows.
    pub(crate) test: Vec<usize>,
    /// Normal rows beyond the test rows, where there are enough to know a true rate.
    pub(crate) spare: Vec<usize>,
    /// All anomalies, shuffled, at most as many as test rows.
    pub(crate) odd: Vec<usize>,
}

impl Draw {
    /// 40 % to train, 30 % to calibrate and the others to test, drawn by `seed`, each part with its most.
    pub(crate) fn new(set: &Set, seed: u32) -> Self {
        let mut random = RandomState::new(seed);
        let mut normal = set.normal.clone();
        random.shuffle(&mut normal);
        let n = normal.len();
        let is_large = n > LARGE + MOST + MOST_LARGE;
        let (most_trained, most) = match (is_large, set.columns()) {
            (true, _) => (MOST, MOST_LARGE),
            (false, 101..) => (MOST_WIDE, MOST_WIDE),
            (false, _) => (MOST, MOST),
        };
        let calibrate = (3 * n / 10).min(most);
        let train = (4 * n / 10).min(most_trained);
        let mut test = normal.split_off(train + calibrate);
        let mut spare = test.split_off(test.len().min(most));
        spare.truncate(if is_large { HELD_OUT } else { 0 });
        let mut odd = set.odd.clone();
        random.shuffle(&mut odd);
        odd.truncate(test.len());
        Self {
            fit: normal,
            calibration: calibrate as f64 / (train + calibrate) as f64,
            test,
            spare,
            odd,
        }
    }
}

/// How many of `normal` normal rows and of `odd` anomalies make a mixture with 5 to 8 % of anomalies.
pub(crate) fn mixture(normal: usize, odd: usize) -> (usize, usize) {
    let wanted = (ODD / (1.0 - ODD) * normal as f64).round() as usize;
    let odd = wanted.min(odd);
    let most = (odd as f64 * (1.0 - LEAST_ODD) / LEAST_ODD) as usize;
    (normal.min(most), odd)
}
