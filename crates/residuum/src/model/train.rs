use detector::{Detector, Input, Progress, Scorer};

use crate::data::{Data, Layout};
use crate::model::auto::{Choice, choose};
use crate::model::calibrated::Model;
use crate::model::error::ModelError;
use crate::model::folds::Folds;
use crate::model::learned::{check_inductive, check_takes, medians, places};
use crate::model::manifest::{Manifest, NamedColumns};
use crate::model::normal::normal_rows;
use crate::model::options::FitOptions;
use crate::model::row_kind::RowKind;
use crate::model::rows::{Samples, sha256};
use crate::model::seen::Seen;
use crate::registry::find_among;

impl Model {
    /// Fits a method to all rows and holds none out: scores have no p-values, and nothing is decided, until
    /// [`calibrate`](Self::calibrate) is given other rows. A configuration that is given is used as it is; how to
    /// calibrate and the target in `options` are not looked at.
    ///
    /// # Errors
    /// [`ModelError`]: data that the method cannot take, a method that is not among those of `options`.
    ///
    /// # Example
    /// ```
    /// use detector::Silent;
    /// use ndarray::Array2;
    /// use residuum::data::Data;
    /// use residuum::{FitOptions, Model, Target};
    ///
    /// let rows = |from: usize, n: usize| {
    ///     Array2::from_shape_fn((n, 3), |(i, j)| (((from + i) * (j + 3)) as f64 * 0.7).sin())
    /// };
    /// let options = FitOptions {
    ///     method: Some(residuum::find("knn")?.config()),
    ///     ..FitOptions::new(residuum::methods())
    /// };
    /// let model = Model::train(Data::Rows64(rows(0, 200).view()), &options, &Silent)?;
    /// assert!(model.calibration().is_err());
    ///
    /// let target = Target::OnAverage { rate: 0.05 };
    /// let model = model.calibrate(Data::Rows64(rows(200, 99).view()), target, &Silent)?;
    /// assert_eq!(model.calibration()?.n(), 99);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn train(
        data: Data<'_>,
        options: &FitOptions<'_>,
        progress: &dyn Progress,
    ) -> Result<Self, ModelError> {
        let normal = normal_rows(data, options.roles.label.as_deref())?;
        if normal.len() == data.len() {
            return train(data, options, progress);
        }
        train(Samples::of(data, &normal).data(), options, progress)
            .map_err(|error| error.with_row(|row| normal[row]))
    }
}

fn train(
    data: Data<'_>,
    options: &FitOptions<'_>,
    progress: &dyn Progress,
) -> Result<Model, ModelError> {
    let roles = &options.roles;
    let layout = Layout::learn(data, roles, options.missing)?;
    let encoded = layout.encode(data)?;
    let input = encoded.input();
    let Choice {
        method,
        config,
        reason,
        kind,
    } = match &options.method {
        Some(config) => Choice {
            method: find_among(options.methods, config.method())?,
            config: config.clone(),
            reason: "asked for".to_owned(),
            kind: match input {
                Input::Images(_) => None,
                rows => Some(RowKind::of(rows.rows()?)),
            },
        },
        None => choose(options, input, input.len())?,
    };
    check_takes(method, input)?;
    check_inductive(&config)?;
    let detector = method.detector(&config, &options.runtime)?;
    let table = match data {
        Data::Columns(table) => Some(table),
        _ => None,
    };
    let all: Vec<usize> = (0..data.len()).collect();
    let rows = places(&all, encoded.kept.as_deref());
    let key = roles.key.as_deref();
    // The hashes and the medians take about as long as a fast fit.
    let (scorer, (hash, medians, seen)) = rayon::join(
        || detector.fit(input, options.seed, progress),
        || {
            let seen = Seen::of(input, table, key, &rows);
            (sha256(input), medians(input), seen)
        },
    );
    let scorers = Folds::new(vec![scorer?]);
    let manifest = Manifest {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        method: method.name.to_owned(),
        config: config.values().clone(),
        reason,
        kind,
        columns: NamedColumns::of(roles),
        trained: input.len(),
        calibrated: 0,
        trained_sha256: hash,
        calibrated_sha256: String::new(),
        seed: options.seed,
        threshold: None,
        cross: None,
        warnings: scorers.warnings(),
        map_scale: None,
        layout,
    };
    Ok(Model::new(manifest, None, None, medians?, seen?, scorers))
}

#[cfg(test)]
mod tests {
    use columns::{Column, Columns, Values};
    use detector::Silent;

    use super::*;
    use crate::model::options::Target;
    use crate::model::store::Stored;

    fn table(from: usize, n: usize) -> Columns {
        let rows = from..from + n;
        let wave = |k: f64| Values::Float64(rows.clone().map(|i| (i as f64 * k).sin()).collect());
        let colours = rows.clone().map(|i| ["red", "blue"][i % 2].to_owned());
        Columns::new(vec![
            Column::new("a", wave(0.7)),
            Column::new("b", wave(1.9)),
            Column::new("colour", Values::Text(colours.collect())),
        ])
        .unwrap()
    }

    fn train(name: &str, data: &Columns) -> Model {
        let options = FitOptions {
            method: Some(crate::find(name).unwrap().config()),
            ..FitOptions::new(crate::methods())
        };
        Model::train(Data::Columns(data), &options, &Silent).unwrap()
    }

    #[test]
    fn all_rows_are_trained_on_and_nothing_is_decided() {
        let (rows, new) = (table(0, 200), table(200, 50));
        let model = train("iforest", &rows);
        assert_eq!(
            (model.manifest().trained, model.manifest().calibrated),
            (200, 0)
        );
        assert!(matches!(
            model.calibration(),
            Err(ModelError::NotCalibrated)
        ));
        let mut scored = model.score(Data::Columns(&new), &Silent).unwrap();
        let undecided = |row: &crate::RowScore| row.p_value.is_none() && row.is_anomaly.is_none();
        assert!(scored.iter().flatten().all(undecided));
        let error = Model::false_discovery_rate(&mut scored, 0.1);
        assert!(matches!(error, Err(ModelError::NotCalibrated)));
        let scores = model.scores(Data::Columns(&new), &Silent).unwrap();
        let same = |(row, score): (&Option<crate::RowScore>, &Option<f64>)| {
            row.map(|row| row.score.to_bits()) == score.map(f64::to_bits)
        };
        assert!(scored.iter().zip(&scores).all(same));
    }

    #[test]
    fn it_is_stored_and_calibrated_on_other_rows() {
        let (rows, other, new) = (table(0, 200), table(200, 99), table(299, 50));
        let model = train("wiener", &rows);
        let bytes = model.state().unwrap().to_bytes().unwrap();
        let stored = Stored::from_bytes(&bytes).unwrap();
        let read = stored
            .restore(crate::methods(), &crate::Runtime::cpu())
            .unwrap();
        let scores = |model: &Model| model.scores(Data::Columns(&new), &Silent).unwrap();
        assert_eq!(scores(&read), scores(&model));
        let target = Target::OnAverage { rate: 0.05 };
        let again = |model: Model, data| model.calibrate(Data::Columns(data), target, &Silent);
        let calibrated = again(read, &other).unwrap();
        assert_eq!(scores(&calibrated), scores(&model));
        assert_eq!(calibrated.calibration().unwrap().n(), 99);
        let seen = again(model, &rows);
        assert!(matches!(seen, Err(ModelError::Seen(_))));
    }

    #[test]
    fn rows_that_the_label_calls_anomalies_do_not_calibrate() {
        let labelled = |from: usize, n: usize, odd: &[usize]| {
            let mut columns = table(from, n).into_columns();
            let Values::Float64(a) = &mut columns[0].values else {
                panic!("numbers")
            };
            odd.iter().for_each(|&row| a[row] = f64::INFINITY);
            let label = (0..n).map(|row| i64::from(odd.contains(&row)));
            columns.push(Column::new("odd", Values::Integer(label.collect())));
            Columns::new(columns).unwrap()
        };
        let options = FitOptions {
            method: Some(crate::find("wiener").unwrap().config()),
            roles: crate::data::Roles {
                label: Some("odd".to_owned()),
                ..crate::data::Roles::default()
            },
            ..FitOptions::new(crate::methods())
        };
        let rows = labelled(0, 200, &[3]);
        let model = Model::train(Data::Columns(&rows), &options, &Silent).unwrap();
        let target = Target::OnAverage { rate: 0.05 };
        let calibrate = |table: &Columns| {
            let model = model.clone();
            model.calibrate(Data::Columns(table), target, &Silent)
        };
        let new = labelled(200, 102, &[0, 50, 101]);
        let calibrated = calibrate(&new).unwrap();
        let kept: Vec<usize> = (0..102).filter(|row| ![0, 50, 101].contains(row)).collect();
        let normal = calibrate(&table(200, 102).select(&kept)).unwrap();
        assert_eq!(calibrated.manifest(), normal.manifest());
        assert_eq!(calibrated.manifest().calibrated, 99);
        // A row is named as the table counts it.
        let mut columns = new.into_columns();
        let Values::Float64(a) = &mut columns[0].values else {
            panic!("numbers")
        };
        a[60] = f64::NAN;
        let wrong = calibrate(&Columns::new(columns).unwrap()).unwrap_err();
        assert!(wrong.to_string().contains("row 60"), "{wrong}");
        let all = calibrate(&labelled(200, 2, &[0, 1])).unwrap_err();
        assert_eq!(all.to_string(), "there are no rows");
    }
}
