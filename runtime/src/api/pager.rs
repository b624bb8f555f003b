//! Going over the pages of a list, with client-go's rules for pages that expire.
//!
//! Pages are 500 objects unless a limit says otherwise. From the second page on, the continue token alone says which
//! version is read. A token that expires there leads to one full list at the version that was asked for at first; a first
//! page that is expired is the caller's to know.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::list::ListRequest;
use crate::options::ListOptions;
use crate::transport::BoxFuture;
use crate::wire::List;
use crate::{Entity, Result};

const PAGE_SIZE: u32 = 500;

/// One page.
pub(super) struct Page<T> {
    pub(super) list: List<T>,
    /// Whether it holds everything, from the beginning again.
    pub(super) replaces: bool,
}

/// Which page comes next.
pub(super) struct Pager<T> {
    request: ListRequest<T>,
    asked: ListOptions,
    /// The tokens that led to a page, as hashes: a token that comes again leads in a circle.
    tokens: HashSet<u64>,
    later: bool,
    done: bool,
}

impl<T: Entity> Pager<T> {
    pub(super) fn new(mut request: ListRequest<T>) -> Self {
        request.options.limit = Some(request.options.limit.unwrap_or(PAGE_SIZE));
        let asked = request.options.clone();
        Pager { request, asked, tokens: HashSet::new(), later: false, done: false }
    }

    /// The next page, or `None` after the last.
    pub(super) async fn page(&mut self) -> Result<Option<Page<T>>> {
        if self.done {
            return Ok(None);
        }
        let mut replaces = false;
        let mut result = self.fetch().await;
        if self.later && result.as_ref().is_err_and(|error| error.is_expired()) {
            replaces = true;
            self.request.options = ListOptions { limit: None, continue_token: None, ..self.asked.clone() };
            result = self.fetch().await;
        }
        // An error is final: what comes after a page that could not be read is not known.
        self.done = true;
        let list = result?;
        if let Some(token) = list.metadata.continue_.as_deref().filter(|token| !token.is_empty()) {
            if !self.tokens.insert(hash(token)) {
                return Err(self.request.same_again());
            }
            self.done = false;
            self.later = true;
            self.request.options.continue_token = Some(token.to_owned());
            self.request.options.resource_version = None;
            self.request.options.resource_version_match = None;
        }
        Ok(Some(Page { list, replaces }))
    }

    async fn fetch(&self) -> Result<List<T>> {
        self.request.target.value(&self.request.request()?).await
    }
}

/// All objects of a list, one by one: `pods.list().stream()`.
///
/// An error ends the stream.
#[must_use = "a stream does nothing until it is polled"]
pub struct ListStream<T> {
    state: State<T>,
    /// What was given before, kept only while there are more pages, so that a full list repeats nothing.
    given: HashSet<u128>,
}

/// A page under way; the pager travels with it.
type Fetching<T> = BoxFuture<'static, (Pager<T>, Result<Option<Page<T>>>)>;

enum State<T> {
    Fetching(Fetching<T>),
    Giving(Box<Pager<T>>, std::vec::IntoIter<T>),
    Done,
}

impl<T: Entity> ListStream<T> {
    pub(super) fn new(pager: Pager<T>) -> Self {
        ListStream { state: State::Fetching(fetch(pager)), given: HashSet::new() }
    }

    /// The next object, or `None` after the last.
    ///
    /// # Errors
    ///
    /// As [`ListRequest::send`](super::ListRequest::send).
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

fn fetch<T: Entity>(mut pager: Pager<T>) -> Fetching<T> {
    Box::pin(async move {
        let page = pager.page().await;
        (pager, page)
    })
}

impl<T> Unpin for ListStream<T> {}

impl<T: Entity> Stream for ListStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let this = &mut *self;
            match &mut this.state {
                State::Done => return Poll::Ready(None),
                State::Fetching(page) => {
                    let (pager, page) = ready!(page.as_mut().poll(cx));
                    match page {
                        Err(error) => {
                            this.state = State::Done;
                            return Poll::Ready(Some(Err(error)));
                        }
                        Ok(None) => this.state = State::Done,
                        Ok(Some(mut page)) => {
                            if page.replaces {
                                page.list.items.retain(|item| !this.given.contains(&identity(item)));
                            }
                            if pager.done {
                                this.given = HashSet::new();
                            } else {
                                this.given.extend(page.list.items.iter().map(identity));
                            }
                            this.state = State::Giving(Box::new(pager), page.list.items.into_iter());
                        }
                    }
                }
                State::Giving(_, items) => {
                    if let Some(item) = items.next() {
                        return Poll::Ready(Some(Ok(item)));
                    }
                    let State::Giving(pager, _) = std::mem::replace(&mut this.state, State::Done) else {
                        continue;
                    };
                    if !pager.done {
                        this.state = State::Fetching(fetch(*pager));
                    }
                }
            }
        }
    }
}

impl<T> std::fmt::Debug for ListStream<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListStream").finish_non_exhaustive()
    }
}

fn hash(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish()
}

/// What tells objects apart, in 16 bytes: a long list is not to be kept in memory by its names.
fn identity<T: Entity>(object: &T) -> u128 {
    let metadata = object.metadata();
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, metadata.uid(), metadata.namespace(), metadata.name()).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}
