use ndarray::{Array2, ArrayView2, Axis};

use super::error::{StatisticsError, check_count, check_finite};

/// A table with one row for each family.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyMeans {
    /// Names, in the order of their first members.
    pub names: Vec<String>,
    /// By family how many members it has.
    pub members: Vec<usize>,
    /// `[families, k]`, each the mean over the members.
    pub values: Array2<f64>,
}

/// Means over the members of each family, so that a collection of ten classes counts as one data set:
/// its members share images and embedding and are not independent.
///
/// # Shapes
/// `families` names the family of each row of `values` `[n, k]`.
///
/// # Errors
/// [`StatisticsError`] without rows, where lengths differ, or for a value that is not finite.
pub fn family_means<Name: AsRef<str>>(
    families: &[Name],
    values: ArrayView2<'_, f64>,
) -> Result<FamilyMeans, StatisticsError> {
    if families.len() != values.nrows() {
        return Err(StatisticsError::LengthMismatch {
            what: "names of families",
            first: families.len(),
            second: values.nrows(),
        });
    }
    check_count("data sets", families.len(), 1)?;
    check_finite(values)?;
    let mut names: Vec<String> = Vec::new();
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for (row, family) in families.iter().map(AsRef::as_ref).enumerate() {
        match names.iter().position(|name| name == family) {
            Some(known) => rows[known].push(row),
            None => {
                names.push(family.to_owned());
                rows.push(vec![row]);
            }
        }
    }
    let mut means = Array2::zeros((names.len(), values.ncols()));
    for (mut mean, members) in means.rows_mut().into_iter().zip(&rows) {
        let sum = values.select(Axis(0), members).sum_axis(Axis(0));
        mean.assign(&(sum / members.len() as f64));
    }
    Ok(FamilyMeans {
        names,
        members: rows.iter().map(Vec::len).collect(),
        values: means,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn members_share_a_row() {
        let values = array![[1.0, 10.0], [5.0, 50.0], [3.0, 20.0], [2.0, 60.0]];
        let means =
            family_means(&["CIFAR10", "wine", "CIFAR10", "CIFAR10"], values.view()).unwrap();
        assert_eq!(means.names, ["CIFAR10", "wine"]);
        assert_eq!(means.members, [3, 1]);
        assert_eq!(means.values, array![[2.0, 30.0], [5.0, 50.0]]);
    }

    #[test]
    fn undefined_is_an_error() {
        let values = array![[1.0], [f64::INFINITY]];
        assert!(family_means(&["a"], values.view()).is_err());
        assert!(family_means(&["a", "b"], values.view()).is_err());
        assert!(family_means::<&str>(&[], Array2::zeros((0, 2)).view()).is_err());
    }
}
