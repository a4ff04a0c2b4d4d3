// SPDX-License-Identifier: Apache-2.0
internal import HTTP

extension HTTPRequest {
    /// As it was before a proxy on this machine passed it on (`X-Forwarded-For`, `-Proto` and `-Host`).
    ///
    /// Only the last address is the proxy's own word: those before it are whatever the client wrote.
    var beforeProxy: HTTPRequest {
        guard Self.isLoopback(address) else { return self }
        guard let chain = header("X-Forwarded-For"), let last = chain.split(separator: ",").last else {
            // A proxy that says nothing: from wherever it comes, it is not from this machine.
            return replacing(address: "unknown", isEncrypted: isEncrypted)
        }
        var copy = replacing(
            address: String(last.filter { $0 != " " }),
            isEncrypted: header("X-Forwarded-Proto")?.lowercased() == "https"
        )
        if let host = header("X-Forwarded-Host") { copy.setHeader("Host", to: host) }
        return copy
    }
}
