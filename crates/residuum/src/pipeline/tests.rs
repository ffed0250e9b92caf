use detector::Silent;
use detector::conformance::{check_gradient, check_restored};
use ndarray::{Axis, array};

use super::*;

/// The sum over columns of the number times its place, squared: no two columns alike.
struct Weighted;

impl Detector for Weighted {
    fn fit(
        &self,
        _x: Input<'_>,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(Self))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("weighted", 1)?;
        Ok(Box::new(Self))
    }
}

impl Scorer for Weighted {
    fn state(&self) -> Result<State, DetectorError> {
        Ok(State::new("weighted", 1))
    }

    fn score(&self, x: Input<'_>, _progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let weighted = |row: ndarray::ArrayView1<'_, f64>| {
            let terms = row.iter().enumerate();
            terms
                .map(|(j, v)| (v * (j + 1) as f64).powi(2))
                .sum::<f64>()
        };
        Ok(x.rows()?.to::<f64>().map_axis(Axis(1), weighted))
    }

    fn score_gradient(
        &self,
        x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Array2<f32>>, DetectorError> {
        let mut gradient = x.rows()?.to::<f32>().into_owned();
        for (j, mut column) in gradient.columns_mut().into_iter().enumerate() {
            column *= 2.0 * ((j + 1) as f32).powi(2);
        }
        Ok(Some(gradient))
    }

    fn contributions(
        &self,
        x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let mut values = x.rows()?.to::<f64>().into_owned();
        for (j, mut column) in values.columns_mut().into_iter().enumerate() {
            column.mapv_inplace(|v| (v * (j + 1) as f64).powi(2));
        }
        let kind = detector::ContributionKind::Exact;
        Ok(Some(Contributions::new(values, kind)))
    }
}

#[test]
fn contributions_go_through_every_scaling() {
    let train = array![[1.0f32, 5.0, 2.0], [2.0, 5.5, -4.0], [4.0, 5.0, 3.0]];
    for scaling in RowScaling::all() {
        let pipeline = Pipeline::new(scaling, Box::new(Weighted));
        let x = Input::Rows(train.view());
        let scorer = pipeline.fit(x, 0, &Silent).unwrap();
        let found = scorer.contributions(x, &Silent).unwrap().unwrap();
        assert_eq!(found.over_length, scaling == RowScaling::L2);
        let scores = scorer.score(x, &Silent).unwrap();
        for (row, score) in found.values.outer_iter().zip(&scores) {
            assert!((row.sum() - score).abs() <= 1e-12 * score, "{scaling}");
        }
    }
}

#[test]
fn gradients_go_through_every_scaling() {
    let train = array![
        [1.0f32, 5.0, 2.0],
        [2.0, 5.0, -4.0],
        [4.0, 5.0, 3.0],
        [0.5, 5.0, 0.0]
    ];
    let test = array![[3.0f32, 4.0, 1.0], [-1.0, 6.0, 2.5]];
    for scaling in RowScaling::all() {
        let pipeline = Pipeline::new(scaling, Box::new(Weighted));
        let scorer = pipeline.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
        check_gradient(&*scorer, test.view(), 0.01, 1e-3)
            .unwrap_or_else(|why| panic!("{scaling}: {why}"));
    }
}

#[test]
fn every_scaling_of_either_number_type_is_restored() {
    let wide = array![[1.0, 5.0, 2.0], [2.0, 5.1, -4.0], [4.0, 5.0, 3.0]];
    let narrow = wide.mapv(|v| v as f32);
    for scaling in RowScaling::all() {
        for numbers in [Numbers::File, Numbers::Float32] {
            let pipeline = Pipeline::in_numbers(scaling, numbers, Box::new(Weighted));
            for x in [Input::Rows(narrow.view()), Input::Rows64(wide.view())] {
                let scorer = pipeline.fit(x, 0, &Silent).unwrap();
                check_restored(&pipeline, &*scorer, x)
                    .unwrap_or_else(|why| panic!("{scaling} {numbers:?}: {why}"));
            }
        }
    }
}

#[test]
fn states_that_are_not_whole_are_refused() {
    let x = array![[1.0f32, 5.0], [2.0, 5.1], [4.0, 5.0]];
    let pipeline = |scaling| Pipeline::new(scaling, Box::new(Weighted));
    let standard = pipeline(RowScaling::Standard);
    let scorer = standard.fit(Input::Rows(x.view()), 0, &Silent).unwrap();
    let state = scorer.state().unwrap();
    let refused = |pipeline: &Pipeline, state: &State| {
        let found = pipeline.restore(state).map(|_| ());
        assert!(matches!(found, Err(DetectorError::State(_))), "{found:?}");
    };
    refused(&pipeline(RowScaling::Minmax), &state);
    refused(&standard, &state.clone().with_value("width", 3));
    refused(&standard, &state.clone().with_value("width", 0));
    refused(&standard, &state.clone().with_value(NUMBER, "f64"));
    refused(&standard, &state.clone().with_value(NUMBER, "f16"));
    refused(
        &standard,
        &state.clone().with_list("scale", &[f32::NAN, 1.0]),
    );
    refused(
        &standard,
        &state.with_part(DETECTOR, State::new("other", 1)),
    );
    standard.restore(&scorer.state().unwrap()).unwrap();
}

#[test]
fn rows_keep_their_numbers_unless_32_bits_are_wanted() {
    /// Passes where rows are of this type.
    struct Takes(&'static str);

    impl Takes {
        fn check(&self, x: Input<'_>) -> Result<Array1<f64>, DetectorError> {
            let found = match x {
                Input::Rows(_) => "f32",
                Input::Rows64(_) => "f64",
                Input::Images(_) => "u8",
            };
            assert_eq!(found, self.0);
            Ok(x.rows()?.to::<f64>().sum_axis(Axis(1)))
        }
    }

    impl Detector for Takes {
        fn fit(
            &self,
            x: Input<'_>,
            _: u64,
            _: &dyn Progress,
        ) -> Result<Box<dyn Scorer>, DetectorError> {
            self.check(x)
                .map(|_| Box::new(Self(self.0)) as Box<dyn Scorer>)
        }

        fn restore(&self, _: &State) -> Result<Box<dyn Scorer>, DetectorError> {
            Ok(Box::new(Self(self.0)))
        }
    }

    impl Scorer for Takes {
        fn state(&self) -> Result<State, DetectorError> {
            Ok(State::new("takes", 1))
        }

        fn score(&self, x: Input<'_>, _: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
            self.check(x)
        }
    }

    let wide = array![
        [1_700_000_000.5, 5.0],
        [1_700_000_001.0, 7.0],
        [1_700_000_000.0, 3.0]
    ];
    let narrow = wide.mapv(|v| v as f32);
    for (numbers, wide_as, narrow_as) in [
        (Numbers::File, "f64", "f32"),
        (Numbers::Float32, "f32", "f32"),
    ] {
        let fitted = |takes, x: Input<'_>| {
            let pipeline =
                Pipeline::in_numbers(RowScaling::Standard, numbers, Box::new(Takes(takes)));
            pipeline.fit(x, 0, &Silent).unwrap()
        };
        let scorer = fitted(wide_as, Input::Rows64(wide.view()));
        let scores = scorer.score(Input::Rows64(wide.view()), &Silent).unwrap();
        // Centred in 64 bits: the half seconds are not lost.
        assert!(scores[0] < scores[1] && scores[0] > scores[2], "{scores}");
        fitted(narrow_as, Input::Rows(narrow.view()));
    }
}
