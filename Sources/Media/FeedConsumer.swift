// SPDX-License-Identifier: Apache-2.0
package import GStreamer

/// Who drinks from a feed: an `appsrc`, or what writes chunks.
///
/// Called on the source's streaming thread, under the feed's lock: nothing here waits.
package protocol FeedConsumer: AnyObject, Sendable {
    /// Takes a frame by reference.
    func push(_ sample: borrowing Sample) -> AppSource.PushResult
    /// Bytes that were taken and are not dealt with yet.
    var queuedBytes: Int { get }
    /// Nothing follows: what was taken is still wanted.
    func endOfStream()
}

extension AppSource: FeedConsumer {}
