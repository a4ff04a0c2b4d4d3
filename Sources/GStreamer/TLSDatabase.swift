// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib

/// A `GTlsDatabase` that believes nobody: each certificate is asked about, also one that the machine's authorities vouch
/// for.
package final class TLSDatabase: Object, @unchecked Sendable {  // Holds nothing.
    package init() {
        guard let pointer = g_object_new_with_properties(Self.type, 0, nil, nil) else {
            fatalError("GObject could not make a \(TLSDatabase.self)")
        }
        super.init(adopting: UnsafeMutableRawPointer(pointer))
    }

    private static let type = g_type_register_static_simple(
        g_tls_database_get_type(),
        "MartletTLSDatabase",
        guint(MemoryLayout<GTlsDatabaseClass>.size),
        { classPointer, _ in
            let databaseClass = classPointer?.assumingMemoryBound(to: GTlsDatabaseClass.self)
            databaseClass?.pointee.verify_chain = { _, _, _, _, _, _, _, _ in G_TLS_CERTIFICATE_UNKNOWN_CA }
        },
        guint(MemoryLayout<GTlsDatabase>.size),
        nil,
        GTypeFlags(rawValue: 0)
    )
}
