//! Lists of any type behind one trait, so that reading and writing them is compiled once.
//!
//! How they are read and written is in `decode` and `encode`.

use super::Value;

/// A list whose items' type is not known: what walks a list is compiled once, and not for each type of item.
pub(super) trait Items {
    /// Takes all items out.
    fn empty(&mut self);
    /// Adds a default item at the end, to be filled where it lies.
    fn grow(&mut self) -> Option<&mut dyn Value>;
    /// Gives back the room that is not used.
    fn fit(&mut self);
    /// The item at `index`.
    fn item(&self, index: usize) -> Option<&dyn Value>;
}

impl<T: Value + Default> Items for Vec<T> {
    fn empty(&mut self) {
        self.clear();
    }
    fn grow(&mut self) -> Option<&mut dyn Value> {
        if self.len() == self.capacity() {
            // Most lists hold one item: grow from one, doubling; `fit` gives back what is too much.
            self.reserve_exact(self.len().max(1));
        }
        self.push(T::default());
        self.last_mut().map(|item| item as _)
    }
    fn fit(&mut self) {
        self.shrink_to_fit();
    }
    fn item(&self, index: usize) -> Option<&dyn Value> {
        self.get(index).map(|item| item as _)
    }
}
