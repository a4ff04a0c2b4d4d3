// SPDX-License-Identifier: Apache-2.0

/// What a stream's payload is (`encoding-name` of RFC 6184 and RFC 7798).
package enum Codec: Sendable {
    case h264, h265

    /// What a NAL unit of at least one byte is to its picture.
    func role(of unit: UnsafeRawBufferPointer) -> NALUnitRole {
        switch self {
        case .h264: H264.role(of: unit)
        case .h265: H265.role(of: unit)
        }
    }

    /// The types of parameter sets without which nothing can be decoded.
    var neededSets: [UInt8] {
        switch self {
        case .h264: H264.neededSets
        case .h265: H265.neededSets
        }
    }
}
