use detector::Progress;
use residuum::data::Data;
use residuum::{Model, ModelError};

/// For each row the `top` columns that make its score high, with their shares, as text; `None` where a value is missing.
pub(super) fn whys(
    model: &Model,
    data: Data<'_>,
    top: usize,
    progress: &dyn Progress,
) -> Result<Vec<Option<String>>, ModelError> {
    let reasons = model.explain(data, progress)?;
    let whys = reasons.rows.into_iter().map(|why| {
        // A share below half a percent would be shown as none.
        let shown = why?.into_iter().take(top).filter(|why| why.share >= 0.005);
        let words = shown.map(|why| format!("{} {:.0} %", why.column, 100.0 * why.share));
        Some(words.collect::<Vec<_>>().join("; "))
    });
    Ok(whys.collect())
}
