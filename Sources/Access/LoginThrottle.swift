// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Makes guessing slow, and keeps nobody out who has been in: delays that grow with each wrong password, by address and by
/// account.
///
/// A value: time in, answers out, in seconds of a clock that does not go back. It remembers a bounded number of addresses and
/// accounts, whatever floods it.
package struct LoginThrottle: Sendable {
    /// So many wrong ones cost nothing: people mistype.
    static let free = 5
    /// The longest delay, in seconds.
    static let longestDelay = 900.0
    /// After so long without another wrong one, in seconds, all is forgotten.
    static let memory = 3600.0
    /// Addresses, and accounts, that are remembered at a time.
    static let capacity = 4096

    private struct Failures {
        var count: Int
        var last: Double

        /// The delay doubles from one second on.
        var until: Double {
            count <= free ? last : last + min(Double(1 << min(count - free - 1, 20)), longestDelay)
        }
    }

    private var addresses: [String: Failures] = [:]
    private var accounts: [String: Failures] = [:]
    /// By account and address, for those who have been in from there.
    private var pairs: [String: Failures] = [:]
    /// From where each account has been used: its owner is not kept out by others' guesses.
    private var known: [String: Set<String>] = [:]
    private static let knownLimit = 16

    package init() {}

    /// Whose addresses are one guesser's: with IPv6 everybody has 2⁶⁴ of them.
    package static func network(of address: String) -> String {
        var bytes = in6_addr()
        guard !address.hasPrefix("::ffff:"), inet_pton(AF_INET6, String(address.prefix { $0 != "%" }), &bytes) == 1
        else {
            return address
        }
        return withUnsafeBytes(of: bytes) { $0.prefix(8).map { String($0, radix: 16) }.joined(separator: ":") }
    }

    /// How long a login from an address has to wait, in seconds; 0 if it may be tried.
    package func delay(of account: String, from address: String, at now: Double) -> Double {
        let isKnown = known[account]?.contains(address) ?? false
        let failures =
            isKnown ? [pairs[Self.pair(account, address)]] : [addresses[address], accounts[account]]
        return failures.reduce(0) { max($0, ($1?.until ?? now) - now) }
    }

    /// A wrong name or password.
    package mutating func fail(_ account: String, from address: String, at now: Double) {
        Self.count(address, in: &addresses, at: now)
        Self.count(account, in: &accounts, at: now)
        if known[account]?.contains(address) ?? false { Self.count(Self.pair(account, address), in: &pairs, at: now) }
    }

    /// A right one.
    package mutating func succeed(_ account: String, from address: String) {
        addresses[address] = nil
        accounts[account] = nil
        pairs[Self.pair(account, address)] = nil
        if known.count >= Self.capacity, known[account] == nil, let other = known.keys.first { known[other] = nil }
        if known[account, default: []].count >= Self.knownLimit { known[account]?.removeFirst() }
        known[account, default: []].insert(address)
    }

    private static func pair(_ account: String, _ address: String) -> String { "\(address) \(account)" }

    private static func count(_ key: String, in table: inout [String: Failures], at now: Double) {
        var failures = table[key] ?? Failures(count: 0, last: now)
        if now - failures.last > memory { failures.count = 0 }
        failures.count += 1
        failures.last = now
        if table.count >= capacity, table[key] == nil { makeRoom(in: &table, at: now) }
        table[key] = failures
    }

    /// Forgets whom it costs least to forget: the old, and of the rest half of those with the fewest failures.
    private static func makeRoom(in table: inout [String: Failures], at now: Double) {
        table = table.filter { now - $0.value.last <= memory }
        guard table.count >= capacity else { return }
        let kept = table.sorted { ($0.value.count, $0.value.last) > ($1.value.count, $1.value.last) }.prefix(
            capacity / 2
        )
        table = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }
}

extension LoginThrottle {
    /// How many addresses and accounts are remembered.
    var remembered: Int { addresses.count + accounts.count + pairs.count }
}
