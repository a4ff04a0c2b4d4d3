// SPDX-License-Identifier: Apache-2.0

/// A box of our own among those of the standard (ISO/IEC 14496-12, 4.2): `uuid`, and 16 bytes that say whose.
package struct UserExtensionBox: Equatable, Sendable {
    /// The 16 bytes that say what it is, as a UUID has them.
    package struct ExtendedType: Hashable, Sendable {
        package let high: UInt64
        package let low: UInt64

        package init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }
    }

    /// More is neither written nor read.
    package static let maximumContent = 65_536
    /// A finished file has a handful of boxes; one that has more than these is none.
    private static let maximumBoxes = 64

    package let type: ExtendedType
    package let content: [UInt8]

    /// A box with such a content; `nil` if that is too long.
    package init?(type: ExtendedType, content: [UInt8]) {
        guard content.count <= Self.maximumContent else { return nil }
        self.type = type
        self.content = content
    }

    /// Finds the first of a type among the boxes of a finished file.
    ///
    /// - Returns: `nil` if there is none among the first boxes, or one that is too long.
    /// - Throws: ``ReadError``, if what is before it are no boxes.
    package init?<Source: ByteSource>(
        _ type: ExtendedType,
        in source: Source
    ) throws(ReadError<Source.Failure>) {
        var boxes = try TopLevelBoxes(source)
        for _ in 0..<Self.maximumBoxes {
            guard let box = try boxes.next() else { return nil }
            let size = box.range.upperBound - box.range.lowerBound
            guard box.type == "uuid", box.isComplete, size <= UInt64(box.headerSize + 16 + Self.maximumContent) else {
                continue
            }
            var content = try boxes.content(of: box)
            do throws(Malformed) {
                guard try ExtendedType(high: content.number(), low: content.number()) == type else { continue }
            } catch { throw .malformed(error) }
            self.type = type
            self.content = content.rest
            return
        }
        return nil
    }

    /// The whole box.
    package var box: [UInt8] {
        var writer = ByteWriter()
        writer.box("uuid") { box in
            box.number(type.high)
            box.number(type.low)
            box.append(content)
        }
        return writer.bytes
    }
}
