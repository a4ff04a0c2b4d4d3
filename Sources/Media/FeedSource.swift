// SPDX-License-Identifier: Apache-2.0
package import Footage
internal import GStreamer

/// What fills a feed: a ``Capture`` of the local sensor, a ``Receiver`` of a network stream, or an ``Ingest`` of what a
/// camera brings.
package protocol FeedSource: Sendable {
    /// What it is to a user, such as `capture` or `receiver`.
    var kind: String { get }

    /// The pipeline description that it is made of, such as `capture/libcamera`.
    var name: String { get }

    /// How patient to be with it.
    var policy: Supervisor.Policy { get }

    /// Whether the pipeline has an encoder that makes a keyframe when it is asked for one.
    var hasEncoder: Bool { get }

    /// What a gap is put down to when the source fails.
    var fault: Gap.Reason { get }

    /// Whether the times of capture that frames carry are to be believed; on any thread.
    var senderClock: SenderClock { get }

    /// A new pipeline, not yet started.
    ///
    /// - Throws: when the description or the configuration does not allow it, in words for the user.
    func makePipeline() throws -> any SourcePipeline

    /// Makes of a running pipeline of this source one of `other`, if that can be done without a frame's loss.
    func adjust(_ pipeline: any SourcePipeline, to other: any FeedSource) -> Bool

    /// A pipeline's error in words for the user; finding them may take some seconds.
    func cause(source: String, text: String, detail: String) async -> String
}

extension FeedSource {
    package var senderClock: SenderClock { .unknown }

    package var policy: Supervisor.Policy { Supervisor.Policy() }

    package func adjust(_ pipeline: any SourcePipeline, to other: any FeedSource) -> Bool { false }

    package func cause(source: String, text: String, detail: String) -> String {
        detail.isEmpty ? "\(text) (\(source))" : "\(text) (\(source): \(detail))"
    }
}
