// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib

extension SignalArguments {
    /// The caps argument at an index.
    package func caps(_ index: Int) -> Caps? {
        boxed(index).map { Caps(retaining: $0.assumingMemoryBound(to: GstCaps.self)) }
    }

    /// The sample argument at an index.
    package func sample(_ index: Int) -> Sample? {
        guard let pointer = boxed(index) else { return nil }
        return Sample(adopting: gst_sample_ref(OpaquePointer(pointer)))
    }
}
