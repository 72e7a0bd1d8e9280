//! The view on one machine: a directory of numbered files (V6). Knows threads and how to wait for the disk without stalling an event loop.
mod numbered;
mod watcher;

use crate::{Outcome, Sight, StoreError, ViewStore};
use futures_util::future::BoxFuture;
use group::{View, Writer};
use numbered::Numbered;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

/// A view kept in a directory of files. Lock-free: a frozen process holds up nobody.
///
/// Reading and writing happen on tokio's threads for blocking work; one thread of its own waits for changes of the
/// directory and ends when the store is dropped.
#[derive(Debug)]
pub struct FileStore {
    files: Arc<Numbered>,
    sight: Arc<watch::Sender<Sight>>,
}

impl FileStore {
    /// Opens the directory, making it if it is not there, and begins to watch it.
    pub fn open(dir: &Path) -> Result<FileStore, StoreError> {
        let files = Arc::new(Numbered::open(dir)?);
        let sight = Arc::new(watch::Sender::new(Sight::Unread));
        watcher::start(&files, &sight)?;
        Ok(FileStore { files, sight })
    }

    /// Runs `work` where it may block. A task that was cancelled by the end of the runtime settles nothing.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Numbered) -> T + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        let files = Arc::clone(&self.files);
        Box::pin(
            async move { tokio::task::spawn_blocking(move || work(&files)).await.map_err(|_| StoreError::Stopped) },
        )
    }

    fn write(&self, work: impl FnOnce(&Numbered) -> Outcome + Send + 'static) -> BoxFuture<'_, Outcome> {
        let run = self.run(work);
        Box::pin(async move { run.await.unwrap_or_else(Outcome::Unknown) })
    }
}

impl ViewStore for FileStore {
    fn get(&self) -> BoxFuture<'_, Result<Option<View>, StoreError>> {
        let run = self.run(Numbered::current);
        Box::pin(async move { run.await? })
    }

    fn watch(&self) -> watch::Receiver<Sight> {
        let mut watch = self.sight.subscribe();
        // What was seen before is news to whoever asks only now.
        watch.mark_changed();
        watch
    }

    fn compare_and_swap(&self, base: u64, next: View, writer: Writer) -> BoxFuture<'_, Outcome> {
        self.write(move |files| files.swap(base, &next, &writer))
    }

    fn create(&self, first: View) -> BoxFuture<'_, Outcome> {
        self.write(move |files| files.create(&first))
    }

    fn rebuild(&self, stored: Option<u64>, next: View) -> BoxFuture<'_, Outcome> {
        self.write(move |files| files.rebuild(stored, &next))
    }
}
