use std::collections::{BTreeMap, HashMap};

use columns::{Column, Columns, Values};
use numpy_random::RandomState;

use crate::data::{DataError, Roles, is_iso, named};
use crate::model::error::ModelError;

/// Which rows train and which calibrate, each in ascending order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Division {
    pub(super) train: Vec<usize>,
    pub(super) calibrate: Vec<usize>,
}

/// How many of `rows` share their key with another.
pub(super) fn repeated_keys(
    table: Option<&Columns>,
    rows: &[usize],
    roles: &Roles,
) -> Result<usize, ModelError> {
    let (Some(table), Some(key)) = (table, &roles.key) else {
        return Ok(0);
    };
    let key = named(table, key)?;
    let mut counts: HashMap<String, usize> = HashMap::new();
    for text in rows.iter().filter_map(|&row| key.text(row)) {
        *counts.entry(text).or_default() += 1;
    }
    Ok(counts.values().filter(|&&n| n > 1).sum())
}

/// The column that says which rows belong together: that of groups, else the key where it repeats.
fn together<'a>(
    table: Option<&'a Columns>,
    rows: &[usize],
    roles: &Roles,
) -> Result<Option<&'a Column>, ModelError> {
    let name = match (&roles.group, &roles.key) {
        (None, Some(key)) if repeated_keys(table, rows, roles)? > 0 => Some(key),
        (group, _) => group.as_ref(),
    };
    Ok(match (table, name) {
        (Some(table), Some(name)) => Some(named(table, name)?),
        _ => None,
    })
}

/// Divides `rows`: the last in time where a column says when they were, else whole groups where one says
/// which belong together or keys repeat, else single rows; the latter two drawn by `seed`. At most `most` train and
/// calibrate.
pub(super) fn divide(
    table: Option<&Columns>,
    rows: Vec<usize>,
    roles: &Roles,
    share: f64,
    seed: u64,
    most: (usize, usize),
) -> Result<Division, ModelError> {
    let n = rows.len();
    let wanted = (share * n as f64).round() as usize;
    let refused = || ModelError::Share { rows: n, share };
    if !(share > 0.0 && share < 1.0) || wanted == 0 || wanted >= n {
        return Err(refused());
    }
    let time = match (table, &roles.time) {
        (Some(table), Some(name)) => Some(named(table, name)?),
        _ => None,
    };
    let mut random = RandomState::new(seed_of(seed));
    let (train, calibrate) = if let Some(time) = time {
        check_time(time)?;
        let mut ordered = rows;
        ordered.sort_by(|a, b| order(time, *a, *b));
        let calibrate = ordered.split_off(n - wanted);
        (ordered, calibrate)
    } else if let Some(group) = together(table, &rows, roles)? {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for row in rows {
            groups.entry(name(group, row)).or_default().push(row);
        }
        let groups: Vec<Vec<usize>> = groups.into_values().collect();
        let (mut train, mut calibrate) = (Vec::new(), Vec::new());
        for place in random.permutation(groups.len()) {
            match calibrate.len() < wanted {
                true => calibrate.extend(&groups[place]),
                false => train.extend(&groups[place]),
            }
        }
        (train, calibrate)
    } else {
        let order = random.permutation(n);
        let (held_out, others) = order.split_at(wanted);
        let of = |places: &[usize]| places.iter().map(|&place| rows[place]).collect();
        (of(others), of(held_out))
    };
    if train.is_empty() {
        return Err(refused());
    }
    let (most_trained, most_calibrated) = most;
    Ok(Division {
        train: some(train, most_trained, &mut random),
        calibrate: some(calibrate, most_calibrated, &mut random),
    })
}

/// The fold, from 0, of each of `rows`: of one size within one row, or whole groups where a column says which rows
/// belong together; drawn by `seed`. No fold is empty.
pub(super) fn deal(
    table: Option<&Columns>,
    rows: &[usize],
    roles: &Roles,
    folds: usize,
    seed: u64,
) -> Result<Vec<usize>, ModelError> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    match together(table, rows, roles)? {
        Some(group) => {
            for (i, &row) in rows.iter().enumerate() {
                groups.entry(name(group, row)).or_default().push(i);
            }
        }
        None => groups.extend((0..rows.len()).map(|i| (format!("{i:020}"), vec![i]))),
    }
    if folds < 2 || groups.len() < folds {
        return Err(ModelError::Folds {
            parts: groups.len(),
            folds,
        });
    }
    let groups: Vec<Vec<usize>> = groups.into_values().collect();
    let mut fold_of = vec![0; rows.len()];
    let order = RandomState::new(seed_of(seed)).permutation(groups.len());
    for (place, group) in order.into_iter().enumerate() {
        for &i in &groups[group] {
            fold_of[i] = place % folds;
        }
    }
    Ok(fold_of)
}

/// At most `most` of `rows`, drawn without putting back, in ascending order.
fn some(mut rows: Vec<usize>, most: usize, random: &mut RandomState) -> Vec<usize> {
    if rows.len() > most {
        let drawn = random.permutation(rows.len());
        rows = drawn[..most].iter().map(|&place| rows[place]).collect();
    }
    rows.sort_unstable();
    rows
}

/// NumPy's seeds have 32 bits.
fn seed_of(seed: u64) -> u32 {
    (seed ^ (seed >> 32)) as u32
}

/// That text is in the order of time.
fn check_time(time: &Column) -> Result<(), DataError> {
    let Values::Text(values) = &time.values else {
        return Ok(());
    };
    let mut rows = (0..values.len()).filter(|&row| !time.is_missing(row));
    match rows.find(|&row| !is_iso(&values[row])) {
        None => Ok(()),
        Some(row) => Err(DataError::NotTime {
            name: time.name.clone(),
            row,
            value: values[row].clone(),
        }),
    }
}

/// Rows without a value stand first.
fn order(column: &Column, a: usize, b: usize) -> std::cmp::Ordering {
    let present = |row| !column.is_missing(row);
    let values = match &column.values {
        Values::Float32(v) => v[a].total_cmp(&v[b]),
        Values::Float64(v) => v[a].total_cmp(&v[b]),
        Values::Integer(v) | Values::Time(v) => v[a].cmp(&v[b]),
        Values::Boolean(v) => v[a].cmp(&v[b]),
        Values::Text(v) => v[a].cmp(&v[b]),
    };
    present(a).cmp(&present(b)).then(values).then(a.cmp(&b))
}

/// What a group is called; rows without a value are a group each.
fn name(column: &Column, row: usize) -> String {
    column.text(row).unwrap_or_else(|| format!("\0{row}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(roles: &Roles, table: &Columns) -> Division {
        let rows = (0..table.rows()).collect();
        divide(Some(table), rows, roles, 0.25, 3, (usize::MAX, usize::MAX)).unwrap()
    }

    #[test]
    fn every_row_is_on_one_side() {
        let table = Columns::new(vec![Column::new("a", Values::Integer((0..40).collect()))]);
        let Division { train, calibrate } = divided(&Roles::default(), &table.unwrap());
        assert_eq!((train.len(), calibrate.len()), (30, 10));
        let mut all = [train, calibrate].concat();
        all.sort_unstable();
        assert_eq!(all, (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn groups_stay_together_and_the_last_in_time_are_held_out() {
        let parts = (0..40).map(|i| i / 4).collect();
        let hours = (0..40).rev().collect();
        let table = Columns::new(vec![
            Column::new("part", Values::Integer(parts)),
            Column::new("hour", Values::Integer(hours)),
        ])
        .unwrap();
        let groups = Roles {
            group: Some("part".to_owned()),
            ..Roles::default()
        };
        let Division { train, calibrate } = divided(&groups, &table);
        assert_eq!(calibrate.len(), 12);
        assert!(
            !calibrate
                .iter()
                .any(|a| train.iter().any(|b| a / 4 == b / 4))
        );
        let times = Roles {
            time: Some("hour".to_owned()),
            ..Roles::default()
        };
        assert_eq!(
            divided(&times, &table).calibrate,
            (0..10).collect::<Vec<_>>()
        );
    }

    #[test]
    fn text_is_a_time_only_as_iso_8601_writes_it() {
        let divided = |dates: [&str; 4]| {
            let dates = Values::Text(dates.map(str::to_owned).into());
            let table = Columns::new(vec![Column::new("day", dates)]).unwrap();
            let roles = Roles {
                time: Some("day".to_owned()),
                ..Roles::default()
            };
            let most = (usize::MAX, usize::MAX);
            divide(Some(&table), (0..4).collect(), &roles, 0.25, 3, most)
        };
        let iso = ["2026-01-31", "2026-02-01", "2025-12-31", "2026-01-01"];
        assert_eq!(divided(iso).unwrap().calibrate, [1]);
        let error = divided(["2026-01-31", "01.02.2026", "31.12.2025", "x"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "column `day`, row 1: \"01.02.2026\" is not a date or a time as ISO 8601 writes it"
        );
    }

    #[test]
    fn folds_have_one_size_and_keep_groups_together() {
        let rows: Vec<usize> = (0..23).collect();
        let fold_of = deal(None, &rows, &Roles::default(), 5, 1).unwrap();
        let size = |fold| fold_of.iter().filter(|of| **of == fold).count();
        assert!((0..5).all(|fold| (4..=5).contains(&size(fold))));
        let parts = Values::Integer((0..40).map(|i| i / 4).collect());
        let table = Columns::new(vec![Column::new("part", parts)]).unwrap();
        let groups = Roles {
            group: Some("part".to_owned()),
            ..Roles::default()
        };
        let rows: Vec<usize> = (0..40).collect();
        let fold_of = deal(Some(&table), &rows, &groups, 5, 1).unwrap();
        assert!(rows.iter().all(|row| fold_of[*row] == fold_of[row / 4 * 4]));
        assert!(deal(Some(&table), &rows, &groups, 11, 1).is_err());
        assert!(deal(None, &rows[..4], &Roles::default(), 5, 1).is_err());
    }

    #[test]
    fn rows_of_one_key_stay_together() {
        let key = |i: i64| if i < 30 { i } else { i - 30 };
        let ids = Column::new("id", Values::Integer((0..40).map(key).collect()));
        let table = Columns::new(vec![ids]).unwrap();
        let roles = Roles {
            key: Some("id".to_owned()),
            ..Roles::default()
        };
        let rows: Vec<usize> = (0..40).collect();
        assert_eq!(repeated_keys(Some(&table), &rows, &roles).unwrap(), 20);
        let fold_of = deal(Some(&table), &rows, &roles, 5, 1).unwrap();
        assert!((0..10).all(|row| fold_of[row] == fold_of[row + 30]));
        let Division { train, .. } = divided(&roles, &table);
        assert!((0..10).all(|row| train.contains(&row) == train.contains(&(row + 30))));
    }

    #[test]
    fn shares_that_leave_nothing_are_refused() {
        for (n, share) in [
            (1, 0.2),
            (2, 0.2),
            (10, 0.0),
            (10, 1.0),
            (3, 0.9),
            (5, f64::NAN),
        ] {
            let rows = (0..n).collect();
            let most = (usize::MAX, usize::MAX);
            let divided = divide(None, rows, &Roles::default(), share, 0, most);
            assert!(divided.is_err(), "{n} {share}");
        }
        let few = divide(None, (0..100).collect(), &Roles::default(), 0.5, 0, (7, 5)).unwrap();
        assert_eq!((few.train.len(), few.calibrate.len()), (7, 5));
    }
}
