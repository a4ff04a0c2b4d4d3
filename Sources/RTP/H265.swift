// SPDX-License-Identifier: Apache-2.0

/// H.265's NAL units (ITU-T H.265, 7.3.1, 7.4.2.2, 7.4.2.4.4).
enum H265 {
    static let neededSets: [UInt8] = [sequenceSet, pictureSet]

    private static let (videoSet, sequenceSet, pictureSet) = (UInt8(32), UInt8(33), UInt8(34))
    private static let headerSize = 2

    static func role(of unit: UnsafeRawBufferPointer) -> NALUnitRole {
        var role = NALUnitRole()
        guard unit.count >= headerSize else { return role }
        let type = unit[0] >> 1 & 0x3f
        switch type {
        case 0...9, 16...21:
            role.isSlice = true
            // Pictures at which decoding can begin: BLA, IDR, CRA.
            role.isKey = type >= 16
            // `first_slice_segment_in_pic_flag`.
            role.endsPicture = unit.count > headerSize && unit[headerSize] & 0x80 != 0
        case videoSet, sequenceSet, pictureSet:
            // Some senders repeat them before each slice of a keyframe: they end no picture.
            role.isParameterSet = true
            role.setName = number(of: unit, type).map { .init(type: type, number: $0) }
        case 35, 39, 41...44, 48...55: role.endsPicture = true
        default: break
        }
        return role
    }

    private static func number(of unit: UnsafeRawBufferPointer, _ type: UInt8) -> UInt32? {
        var bits = BitReader(unit, from: 8 * headerSize)
        if type == videoSet { return bits.number(4) }
        if type == pictureSet { return bits.unsignedExpGolomb() }
        // 7.3.2.2.1: the video set's number, the sub-layers, and what they ask of a decoder (7.3.3).
        guard bits.number(4) != nil, let subLayers = bits.number(3), bits.number(1) != nil, skip(96, &bits) else {
            return nil
        }
        var isSaid: [(profile: Bool, level: Bool)] = []
        for _ in 0..<subLayers {
            guard let flags = bits.number(2) else { return nil }
            isSaid.append((flags & 2 != 0, flags & 1 != 0))
        }
        if subLayers > 0, !skip(2 * (8 - Int(subLayers)), &bits) { return nil }
        for layer in isSaid where !skip((layer.profile ? 88 : 0) + (layer.level ? 8 : 0), &bits) { return nil }
        return bits.unsignedExpGolomb()
    }

    private static func skip(_ count: Int, _ bits: inout BitReader) -> Bool {
        for _ in 0..<count where bits.number(1) == nil { return false }
        return true
    }
}
