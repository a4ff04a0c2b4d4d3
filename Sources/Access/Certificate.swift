// SPDX-License-Identifier: Apache-2.0
internal import CCrypto
internal import Glibc

/// This machine's own certificate for TLS: nobody vouches for it, so peers pin its fingerprint.
///
/// ECDSA on P-256, for ten years, with the names and addresses that it had when it was made.
package enum Certificate {
    /// The files of a certificate and its key, PEM.
    package struct Files: Equatable, Sendable {
        package let certificate: String
        package let key: String
        let directory: String

        package init(in directory: String) {
            self.directory = directory
            (certificate, key) = ("\(directory)/certificate.pem", "\(directory)/certificate.key")
        }
    }

    private static let validity = 10 * 365 * 86_400

    /// Makes it if there is none, or in any case if it is to be new.
    ///
    /// - Throws: ``AccessFailure`` if the directory does not let itself be written, or the system knows no P-256.
    package static func prepare(
        _ files: Files,
        names: [String],
        addresses: [String],
        isNew: Bool = false
    ) throws(AccessFailure) {
        // Two daemons that start for the first time together: the files of one belong together.
        let folder = files.directory
        let lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw AccessFailure("open", folder) }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else { throw AccessFailure("lock", folder) }
        }
        guard isNew || access(files.certificate, F_OK) != 0 || access(files.key, F_OK) != 0 else { return }
        // They may be the user's own, which nobody could make again.
        for file in [files.certificate, files.key] where access(file, F_OK) == 0 {
            guard rename(file, "\(file).former") == 0 else { throw AccessFailure("keep the former", file) }
        }
        try make(files, names: names, addresses: addresses)
    }

    /// Whether the two belong together.
    ///
    /// - Throws: ``AccessFailure`` in words for the user if not, or if one cannot be read.
    package static func check(_ files: Files) throws(AccessFailure) {
        let certificate = try read(files.certificate)
        defer { X509_free(certificate) }
        guard let stream = fopen(files.key, "re") else { throw AccessFailure("open", files.key) }
        defer { fclose(stream) }
        guard let key = PEM_read_PrivateKey(stream, nil, nil, nil) else {
            throw AccessFailure(description: "\(files.key) holds no private key (PEM)")
        }
        defer { EVP_PKEY_free(key) }
        guard X509_check_private_key(certificate, key) == 1 else {
            throw AccessFailure(description: "\(files.key) is not the key of \(files.certificate)")
        }
    }

    /// SHA-256 of the certificate (DER): `sha256:` and 64 hexadecimal digits.
    package static func fingerprint(of file: String) throws(AccessFailure) -> String {
        let certificate = try read(file)
        defer { X509_free(certificate) }
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard X509_digest(certificate, EVP_sha256(), &digest, &length) == 1 else { throw broken }
        return "sha256:" + digest.lowercaseHexadecimal
    }

    private static func read(_ file: String) throws(AccessFailure) -> OpaquePointer {
        guard let stream = fopen(file, "re") else { throw AccessFailure("open", file) }
        defer { fclose(stream) }
        guard let certificate = PEM_read_X509(stream, nil, nil, nil) else {
            throw AccessFailure(description: "\(file) holds no certificate (PEM)")
        }
        return certificate
    }

    private static var broken: AccessFailure { AccessFailure(description: "OpenSSL cannot make a certificate") }

    private static func make(_ files: Files, names: [String], addresses: [String]) throws(AccessFailure) {
        guard let key = martlet_make_p256_key() else { throw broken }
        defer { EVP_PKEY_free(key) }
        guard let certificate = X509_new() else { throw broken }
        defer { X509_free(certificate) }
        // Two machines never have the same number, nor has one after it was renewed (RFC 5280, 4.1.2.2).
        let serial = Sodium.random(8).reduce(0 as Int64) { ($0 << 8 | Int64($1)) & .max }
        ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), serial)
        X509_set_version(certificate, 2)
        // A clock that is not set yet must not make it invalid: it is valid from the beginning of the century on.
        guard ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20000101000000Z") == 1,
            X509_gmtime_adj(X509_getm_notAfter(certificate), validity) != nil,
            X509_set_pubkey(certificate, key) == 1
        else { throw broken }
        let subject = X509_get_subject_name(certificate)
        let name = Array((names.first ?? "martlet").prefix(64).utf8)
        guard X509_NAME_add_entry_by_txt(subject, "CN", utf8String, name, Int32(name.count), -1, 0) == 1,
            X509_set_issuer_name(certificate, subject) == 1
        else { throw broken }
        let alternatives = names.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }
        try add(NID_subject_alt_name, alternatives.joined(separator: ","), to: certificate)
        try add(NID_basic_constraints, "critical,CA:FALSE", to: certificate)
        try add(NID_ext_key_usage, "serverAuth", to: certificate)
        guard X509_sign(certificate, key, EVP_sha256()) > 0 else { throw broken }
        try write(files.key, mode: 0o600) { PEM_write_PrivateKey($0, key, nil, nil, 0, nil, nil) }
        try write(files.certificate, mode: 0o644) { PEM_write_X509($0, certificate) }
    }

    /// `MBSTRING_UTF8`, a macro with a cast.
    private static let utf8String: Int32 = 0x1000

    private static func add(
        _ kind: Int32,
        _ value: String,
        to certificate: OpaquePointer
    ) throws(AccessFailure) {
        guard !value.isEmpty else { return }
        guard let extended = X509V3_EXT_conf_nid(nil, nil, kind, value) else { throw broken }
        defer { X509_EXTENSION_free(extended) }
        guard X509_add_ext(certificate, extended, -1) == 1 else { throw broken }
    }

    /// Beside the place first, then into it: nobody reads half a file.
    private static func write(
        _ path: String,
        mode: mode_t,
        _ body: (UnsafeMutablePointer<FILE>) -> Int32
    ) throws(AccessFailure) {
        let new = "\(path).new"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw AccessFailure("create", new) }
        guard let stream = fdopen(descriptor, "w") else {
            close(descriptor)
            throw AccessFailure("open", new)
        }
        // What root makes by the command is the daemon's all the same.
        var owner = stat()
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        if geteuid() == 0, stat(folder, &owner) == 0, fchown(descriptor, owner.st_uid, owner.st_gid) != 0 {
            throw AccessFailure("give away", new)
        }
        let isWritten = body(stream) == 1 && fflush(stream) == 0 && fsync(descriptor) == 0
        guard fclose(stream) == 0, isWritten, rename(new, path) == 0 else { throw AccessFailure("write", path) }
    }
}
