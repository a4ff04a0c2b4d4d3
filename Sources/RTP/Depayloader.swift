// SPDX-License-Identifier: Apache-2.0

/// Takes access units out of a stream's RTP packets: H.264 (RFC 6184) or H.265 (RFC 7798).
///
/// In the modes that are in use: single NAL units, aggregation without and fragments without decoding order numbers
/// (`packetization-mode` 0 and 1). What it does not know it says.
package struct Depayloader: Sendable {
    /// A payload that this is not made for, in the standard's words.
    package struct Unsupported: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    private var builder: AccessUnitBuilder
    /// A fragment is lost: what follows up to the next beginning is of no use.
    private var lacksFragment = false
    /// Whether the last fragment closed its picture.
    private var fragmentIsLast = false
    private var fragmentTimestamp: UInt32 = 0

    /// `parameterSets` are what the session description tells of the stream (`sprop-…`).
    package init(_ codec: Codec, parameterSets: [[UInt8]] = []) {
        builder = AccessUnitBuilder(codec)
        for set in parameterSets {
            set.withUnsafeBytes { builder.add($0, at: 0, isLast: false) { _, _ in } }
        }
    }

    /// Takes the next packet, and calls `take` with each access unit that it completes.
    ///
    /// `isAfterLoss` says that packets are missing before it.
    package mutating func push(
        _ packet: RTPPacket,
        isAfterLoss: Bool,
        _ take: (AccessUnit, ParameterSets) -> Void
    ) throws(Unsupported) {
        if isAfterLoss {
            // Whether it was one is not known: pieces without a beginning are of no use.
            lacksFragment = true
            builder.noteLoss()
        }
        guard !packet.payload.isEmpty else { return }
        switch builder.codec {
        case .h264: try pushH264(packet, take)
        case .h265: try pushH265(packet, take)
        }
    }

    /// What is kept of pictures that are not complete.
    var keptBytes: Int { builder.keptBytes }

    // MARK: Payloads

    /// RFC 6184, 5.2.
    private mutating func pushH264(
        _ packet: RTPPacket,
        _ take: (AccessUnit, ParameterSets) -> Void
    ) throws(Unsupported) {
        let payload = packet.payload
        switch payload[0] & 0x1f {
        case 1...23: addWhole(payload, packet, take)
        case 24: addAggregate(payload.dropFirst(1), packet, take)
        case 28:
            guard payload.count >= 2 else { return }
            let header = (payload[0] & 0xe0 | payload[1] & 0x1f, nil as UInt8?)
            addFragment(header, payload[1], payload.dropFirst(2), packet, take)
        case 25: throw Unsupported(description: "STAP-B")
        case 26, 27: throw Unsupported(description: "MTAP")
        case 29: throw Unsupported(description: "FU-B")
        // 0, 30 and 31 are undefined: passed over.
        default: break
        }
    }

    /// RFC 7798, 4.4.
    private mutating func pushH265(
        _ packet: RTPPacket,
        _ take: (AccessUnit, ParameterSets) -> Void
    ) throws(Unsupported) {
        let payload = packet.payload
        guard payload.count >= 2 else { return }
        switch payload[0] >> 1 & 0x3f {
        case 0...47: addWhole(payload, packet, take)
        case 48: addAggregate(payload.dropFirst(2), packet, take)
        case 49:
            guard payload.count >= 3 else { return }
            let header = (payload[0] & 0x81 | payload[2] << 1 & 0x7e, payload[1] as UInt8?)
            addFragment(header, payload[2], payload.dropFirst(3), packet, take)
        case 50: throw Unsupported(description: "PACI")
        default: break
        }
    }

    private mutating func addWhole(
        _ unit: UnsafeRawBufferPointer,
        _ packet: RTPPacket,
        _ take: (AccessUnit, ParameterSets) -> Void
    ) {
        endFragment(take)
        lacksFragment = false
        builder.add(unit, at: packet.timestamp, isLast: packet.hasMarker, take)
    }

    /// NAL units, each behind its length in two bytes.
    private mutating func addAggregate(
        _ payload: Slice<UnsafeRawBufferPointer>,
        _ packet: RTPPacket,
        _ take: (AccessUnit, ParameterSets) -> Void
    ) {
        endFragment(take)
        lacksFragment = false
        var rest = payload
        while rest.count > 2 {
            let length = Int(UnsafeRawBufferPointer(rebasing: rest).number16(at: 0))
            rest = rest.dropFirst(2)
            let unit = UnsafeRawBufferPointer(rebasing: rest.prefix(length))
            rest = rest.dropFirst(length)
            builder.add(unit, at: packet.timestamp, isLast: packet.hasMarker && rest.count <= 2, take)
        }
    }

    /// `header` is the NAL unit's own of one byte or two, put together from the payload's; `flags` say whether it begins and
    /// ends here.
    private mutating func addFragment(
        _ header: (UInt8, UInt8?),
        _ flags: UInt8,
        _ piece: Slice<UnsafeRawBufferPointer>,
        _ packet: RTPPacket,
        _ take: (AccessUnit, ParameterSets) -> Void
    ) {
        let (begins, ends) = (flags & 0x80 != 0, flags & 0x40 != 0)
        if begins {
            // Some senders forget to say where the last one ended.
            endFragment(take)
            lacksFragment = false
            builder.beginUnit(header)
        } else if lacksFragment || !builder.isInUnit {
            return
        }
        builder.continueUnit(UnsafeRawBufferPointer(rebasing: piece))
        (fragmentIsLast, fragmentTimestamp) = (packet.hasMarker, packet.timestamp)
        if ends { endFragment(take) }
    }

    private mutating func endFragment(_ take: (AccessUnit, ParameterSets) -> Void) {
        builder.endUnit(at: fragmentTimestamp, isLast: fragmentIsLast, take)
    }
}
