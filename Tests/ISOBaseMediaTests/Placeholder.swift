import Testing
import Foundation
@testable import ISOBaseMedia
@Test func dbg() throws {
    let d = try Data(contentsOf: URL(fileURLWithPath: ProcessInfo.processInfo.environment["F"]!))
    var s = BoxScanner()
    try d.withUnsafeBytes { print(try s.append($0), s) }
    let r = s.movie!
    try d.subdata(in: Int(r.lowerBound)..<Int(r.upperBound)).withUnsafeBytes { print(try Movie($0)) }
}
