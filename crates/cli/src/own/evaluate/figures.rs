use charts::curves::{self, Curve};
use charts::histogram::{self, Class, Mark};
use charts::{Figure, Ink, Numbers, Plot, Point, Scale, mark};
use experiment::{Alarms, Share};

use super::found::Found;
use super::promise::Promise;
use super::words::percent;

/// Where thresholds are marked, the second colour and mark.
const AT_THRESHOLD: usize = 1;
/// Precision is not a line between two points of the curve: it is drawn in so many steps.
const STEPS: usize = 8;

/// The figures of a page.
pub(super) fn of(found: &Found<'_>) -> Vec<Figure> {
    let figures = [
        Some(roc(found)),
        Some(precision_recall(found)),
        scores(found),
        Some(p_values(found)),
    ];
    figures.into_iter().flatten().collect()
}

fn square(x: Scale, y: Scale) -> Plot {
    Plot {
        left: 62.0,
        top: 8.0,
        width: 400.0,
        height: 300.0,
        x,
        y,
    }
}

fn unit() -> Scale {
    Scale::exact(0.0, 1.0)
}

/// An empty plot in a figure of its size.
fn framed(id: &str, title: &str, caption: String, plot: &Plot, axes: (&str, &str)) -> Figure {
    let mut figure = Figure::new(id.to_owned(), title, caption);
    figure.height = plot.bottom() + 46.0;
    plot.draw(&mut figure, axes.0, axes.1);
    figure
}

fn curve(name: String, points: Vec<Point>) -> Curve {
    Curve {
        name,
        series: 0,
        points,
        band: None,
    }
}

fn rows(points: &[Point]) -> impl Iterator<Item = Vec<String>> {
    let row = |&(x, y): &Point| vec![format!("{x:.4}"), format!("{y:.4}")];
    points.iter().map(row)
}

/// What the caption says of the mark, where there is one.
fn of_mark(alarms: Option<&Alarms>) -> &'static str {
    match alarms {
        Some(_) => " The square is the model's threshold.",
        None => "",
    }
}

fn roc(found: &Found<'_>) -> Figure {
    let evaluation = &found.evaluation;
    let plot = square(unit(), unit());
    let alarms = evaluation.alarms.as_ref();
    let caption = format!(
        "The share of the anomalies that is found against the share of the normal rows that is flagged, at every \
         threshold. The dashed line is chance.{}",
        of_mark(alarms)
    );
    let axes = ("false positive rate", "true positive rate");
    let mut figure = framed("roc", "ROC curve", caption, &plot, axes);
    let chance = vec![plot.at(0.0, 0.0), plot.at(1.0, 1.0)];
    figure.dashed(chance, Ink::Faint, 1.0, &[4.0, 3.0]);
    let (normals, anomalies) = (evaluation.normals as f64, evaluation.anomalies as f64);
    let points: Vec<Point> = counts(found)
        .map(|(tp, fp)| (fp / normals, tp / anomalies))
        .collect();
    figure.numbers = Some(Numbers::new(&[axes.0, axes.1], rows(&points)));
    let name = format!("AUROC {}", percent(evaluation.metrics.auroc));
    curves::draw(&mut figure, &plot, &[curve(name, points)]);
    if let Some(alarms) = alarms {
        let (x, y) = (alarms.false_positives.interval, alarms.detected.interval);
        let at = plot.at(x.estimate, y.estimate);
        mark(&mut figure, at, AT_THRESHOLD, 5.0);
    }
    figure
}

/// Anomalies and normal rows above some thresholds.
fn counts(found: &Found<'_>) -> impl Iterator<Item = (f64, f64)> {
    let curve = &found.evaluation.curve;
    let pairs = curve.true_positives.iter().zip(&curve.false_positives);
    pairs.map(|(&tp, &fp)| (tp as f64, fp as f64))
}

fn precision_recall(found: &Found<'_>) -> Figure {
    let evaluation = &found.evaluation;
    let plot = square(unit(), unit());
    let decided = evaluation.alarms.as_ref();
    let precision = decided.and_then(|alarms| Some((alarms, alarms.precision?)));
    let caption = format!(
        "The share of the flagged rows that are anomalies against the share of the anomalies that is found. The \
         dashed line is chance: the share of anomalies in these data.{}",
        of_mark(precision.map(|(alarms, _)| alarms))
    );
    let axes = ("recall", "precision");
    let mut figure = framed("pr", "Precision–recall curve", caption, &plot, axes);
    let anomalies = evaluation.anomalies as f64;
    let base = anomalies / (anomalies + evaluation.normals as f64);
    let chance = vec![plot.at(0.0, base), plot.at(1.0, base)];
    figure.dashed(chance, Ink::Faint, 1.0, &[4.0, 3.0]);
    let counts: Vec<(f64, f64)> = counts(found).collect();
    let points = precisions(&counts, anomalies);
    let shown: Vec<Point> = (counts.iter().filter(|(tp, _)| *tp > 0.0))
        .map(|&(tp, fp)| (tp / anomalies, tp / (tp + fp)))
        .collect();
    figure.numbers = Some(Numbers::new(&[axes.0, axes.1], rows(&shown)));
    let name = format!("average precision {}", percent(evaluation.metrics.ap));
    curves::draw(&mut figure, &plot, &[curve(name, points)]);
    if let Some((alarms, precision)) = precision {
        let (x, y) = (alarms.detected.interval, precision.interval);
        let at = plot.at(x.estimate, y.estimate);
        mark(&mut figure, at, AT_THRESHOLD, 5.0);
    }
    figure
}

/// Recall and precision along the curve of `counts`. Between its points both counts grow evenly (Davis and Goadrich
/// 2006).
fn precisions(counts: &[(f64, f64)], anomalies: f64) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for pair in counts.windows(2) {
        let ((tp, fp), (next_tp, next_fp)) = (pair[0], pair[1]);
        for step in 1..=STEPS {
            let share = step as f64 / STEPS as f64;
            let (tp, fp) = (tp + share * (next_tp - tp), fp + share * (next_fp - fp));
            if tp > 0.0 {
                let point = (tp / anomalies, tp / (tp + fp));
                if points.is_empty() {
                    points.push((0.0, point.1));
                }
                points.push(point);
            }
        }
    }
    points
}

fn scores(found: &Found<'_>) -> Option<Figure> {
    let histogram = found.evaluation.histogram.as_ref()?;
    let threshold = found.model.manifest().threshold.as_ref();
    let (low, high) = (histogram.low, histogram.high);
    // A range as wide as all numbers has no axis.
    if !(high - low).is_finite() {
        return None;
    }
    let line = match threshold {
        Some(_) => " Rows right of the line are anomalies to the model.",
        None => "",
    };
    let caption = format!(
        "Scores of normal rows and of anomalies, each class by its own total. The outermost bins hold what lies \
         beyond, half a percent of the rows each.{line}"
    );
    let mut figure = Figure::new("scores".to_owned(), "Scores", caption);
    let class = |name: &str, series, counts: &[u64]| Class {
        name: name.to_owned(),
        series,
        counts: counts.to_vec(),
    };
    let classes = [
        class("normal", 0, &histogram.normals),
        class("anomaly", 1, &histogram.anomalies),
    ];
    let mark = threshold.map(|threshold| Mark {
        value: threshold.value(),
        name: "threshold",
    });
    histogram::draw(&mut figure, "score", (low, high), &classes, mark.as_ref());
    let bins = histogram.normals.len();
    let at = |bin: usize| low + (high - low) * bin as f64 / bins as f64;
    let pairs = histogram.normals.iter().zip(&histogram.anomalies);
    let numbers = pairs.enumerate().map(|(bin, (normals, anomalies))| {
        let from = format!("{:.4} to {:.4}", at(bin), at(bin + 1));
        vec![from, normals.to_string(), anomalies.to_string()]
    });
    figure.numbers = Some(Numbers::new(&["score", "normal", "anomaly"], numbers));
    Some(figure)
}

fn p_values(found: &Found<'_>) -> Figure {
    let normals = found.evaluation.normals;
    let band = |(t, share): &Point| {
        let hits = (share * normals as f64).round() as usize;
        let interval = Share::new(hits, normals).ok()?.interval;
        Some((*t, interval.low, interval.high))
    };
    // A share of 0 has no place on a logarithmic axis.
    let points: Vec<Point> = (found.p_values.iter().copied())
        .filter(|(_, share)| *share > 0.0)
        .collect();
    let bands: Vec<_> = points.iter().filter_map(band).collect();
    let smallest = found.smallest_p;
    let lowest = smallest.min(1.0 / normals.max(1) as f64);
    let plot = square(
        Scale::logarithmic(&[smallest, 1.0]),
        Scale::logarithmic(&[lowest, 1.0]),
    );
    let alarms = found
        .evaluation
        .alarms
        .zip(Promise::of(found.model.manifest()));
    let mark_at = alarms.filter(|(alarms, _)| alarms.false_positives.hits > 0);
    let caption = format!(
        "Normal rows alone: the share with a p-value of t or less. On or below the dashed line p-values promise no \
         more than they keep; above it there are more false alarms than they say. The band is the 95 % interval \
         from the number of normal rows.{}",
        of_mark(mark_at.as_ref().map(|(alarms, _)| alarms))
    );
    let axes = ("t", "share of normal rows with p ≤ t");
    let mut figure = framed("p-values", "Calibration of p-values", caption, &plot, axes);
    let diagonal = vec![plot.at(smallest, smallest), plot.at(1.0, 1.0)];
    figure.dashed(diagonal, Ink::Faint, 1.0, &[4.0, 3.0]);
    figure.numbers = Some(Numbers::new(
        &["t", "share"],
        found
            .p_values
            .iter()
            .map(|&(t, share)| vec![format!("{t:.6}"), format!("{share:.6}")]),
    ));
    let low = bands.iter().map(|&(t, low, _)| (t, low.max(lowest)));
    let high = bands.iter().map(|&(t, _, high)| (t, high));
    let drawn = Curve {
        name: format!("{normals} normal rows"),
        series: 0,
        points,
        band: Some((low.collect(), high.collect())),
    };
    curves::draw(&mut figure, &plot, &[drawn]);
    if let Some((alarms, promise)) = mark_at {
        let share = alarms.false_positives.interval.estimate;
        mark(
            &mut figure,
            plot.at(promise.expected, share),
            AT_THRESHOLD,
            5.0,
        );
    }
    figure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_is_that_of_even_growth_between_points() {
        // Two anomalies alone, then two more among four normal rows.
        let points = precisions(&[(0.0, 0.0), (2.0, 0.0), (4.0, 4.0)], 4.0);
        assert_eq!(points[0], (0.0, 1.0));
        assert_eq!(points[STEPS], (0.5, 1.0));
        assert_eq!(points[STEPS + STEPS / 2], (0.75, 0.6));
        assert_eq!(points[2 * STEPS], (1.0, 0.5));
        // Normal rows first: no precision before the first anomaly.
        let late = precisions(&[(0.0, 0.0), (0.0, 3.0), (1.0, 3.0)], 1.0);
        assert_eq!(late.last(), Some(&(1.0, 0.25)));
        assert!(late.iter().all(|(x, y)| x.is_finite() && y.is_finite()));
    }
}
