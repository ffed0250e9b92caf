use residuum::data::UnknownCategories;

/// Warns once for each column in which the model knows less than half of the categories.
pub(super) fn warn_of_unknown(file: &str, unknown: &UnknownCategories) {
    for column in unknown.most() {
        let column = column.to_string();
        tracing::warn!("{}: {}", files::visible(file), files::visible(&column));
    }
}
