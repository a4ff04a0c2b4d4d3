// SPDX-License-Identifier: Apache-2.0
internal import CCurl
internal import Footage
internal import Glibc
internal import Media

/// A connection to a destination, which libcurl makes when it is needed and keeps; everything here blocks.
///
/// Used on one thread at a time.
final class Session {
    /// What lies at the other end under a file's name, compared with what is to lie there.
    enum Presence: Equatable {
        case nothing
        /// So many bytes, where the protocol tells.
        case shorter(Int64?)
        case same
        case longer
    }

    private let destination: Destination
    private let curl: UnsafeMutableRawPointer
    private let exchange: Exchange
    private let serverKey: ServerKey
    private let pin: UnsafeMutablePointer<martlet_certificate_pin>
    private let message: UnsafeMutablePointer<CChar>
    private let password: String?

    private static let connectLimit = 20
    /// A server that takes nothing for so many seconds has gone.
    private static let stallLimit = 30

    /// - Throws: ``TransferFailure`` if a key or a password cannot be read, or libcurl does not know the protocol.
    init(_ destination: Destination, _ stopper: Stopper) throws(TransferFailure) {
        self.destination = destination
        password = try Self.password(of: destination)
        if let file = destination.keyFile, access(file, R_OK) != 0 {
            throw TransferFailure("\(FileError("read the SSH key", file))")
        }
        let scheme = destination.scheme.rawValue
        guard martlet_curl_speaks(scheme) != 0 else {
            throw TransferFailure("the libcurl of this machine does not know \(scheme)")
        }
        guard Self.isReady, let curl = curl_easy_init() else { throw TransferFailure("libcurl does not start") }
        self.curl = curl
        exchange = Exchange(stopper)
        serverKey = ServerKey(destination)
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        pin = .allocate(capacity: 1)
        pin.initialize(to: martlet_certificate_pin())
        if let fingerprint = destination.fingerprint {
            pin.pointee.is_pinned = 1
            let digits = Array(fingerprint.dropFirst("sha256:".count))
            withUnsafeMutableBytes(of: &pin.pointee.wanted) { wanted in
                for index in wanted.indices where index * 2 + 1 < digits.count {
                    wanted[index] = UInt8(String(digits[index * 2...index * 2 + 1]), radix: 16) ?? 0
                }
            }
        }
    }

    deinit {
        curl_easy_cleanup(curl)
        pin.deallocate()
        message.deallocate()
    }

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private static func password(of destination: Destination) throws(TransferFailure) -> String? {
        guard let file = destination.passwordFile else { return nil }
        do { return try Secret.read(file) } catch { throw TransferFailure("\(error)") }
    }

    // MARK: What it does

    /// Compares what lies under a name with a size.
    func look(at place: Destination.Place, expecting size: Int64) throws(TransferFailure) -> Presence {
        prepare(destination.url(of: place))
        if destination.scheme == .sftp {
            // Read from where it should end: of what is as long as it should be there is nothing to read.
            martlet_curl_set_size(curl, CURLOPT_RESUME_FROM_LARGE, curl_off_t(size))
            exchange.takesData = false
            switch curl_easy_perform(curl) {
            case CURLE_OK: return .same
            case CURLE_BAD_DOWNLOAD_RESUME: return .shorter(nil)
            case CURLE_REMOTE_FILE_NOT_FOUND: return .nothing
            case CURLE_WRITE_ERROR: return .longer
            case let code: throw failure(code)
            }
        }
        martlet_curl_set_number(curl, CURLOPT_NOBODY, 1)
        switch curl_easy_perform(curl) {
        case CURLE_OK:
            let length = Int64(martlet_curl_length(curl))
            guard length >= 0 else {
                throw TransferFailure("the server does not tell how long files are (\(destination.url))")
            }
            return length == size ? .same : length < size ? .shorter(length) : .longer
        // Its folder is not there either.
        case CURLE_REMOTE_FILE_NOT_FOUND, CURLE_REMOTE_ACCESS_DENIED: return .nothing
        case let code: throw failure(code)
        }
    }

    /// Sends a file, or what is missing of it behind `offset`; `nil` has the server asked where that is.
    func send(_ file: Int32, size: Int64, to place: Destination.Place, from offset: Int64?) throws(TransferFailure) {
        exchange.source = .file(file)
        try send(size: size, to: place, from: offset)
    }

    /// Sends what is short, in place of what is there.
    func send(_ text: String, to place: Destination.Place) throws(TransferFailure) {
        exchange.source = .bytes(Array(text.utf8))
        try send(size: Int64(text.utf8.count), to: place, from: 0)
    }

    private func send(size: Int64, to place: Destination.Place, from offset: Int64?) throws(TransferFailure) {
        prepare(destination.url(of: place))
        exchange.offset = 0
        martlet_curl_set_number(curl, CURLOPT_UPLOAD, 1)
        martlet_curl_set_size(curl, CURLOPT_INFILESIZE_LARGE, curl_off_t(size))
        martlet_curl_set_size(curl, CURLOPT_RESUME_FROM_LARGE, curl_off_t(offset ?? -1))
        martlet_curl_set_number(curl, CURLOPT_FTP_CREATE_MISSING_DIRS, MARTLET_CURL_CREATE_FOLDERS)
        if let rate = destination.bytesPerSecond {
            martlet_curl_set_size(curl, CURLOPT_MAX_SEND_SPEED_LARGE, curl_off_t(rate))
        }
        let code = curl_easy_perform(curl)
        if code == CURLE_OK { return }
        var failure = failure(code)
        if failure.isStopped { throw failure }
        failure.mustBeginAnew = offset != 0 && (code == CURLE_UPLOAD_FAILED || code == CURLE_FTP_COULDNT_USE_REST)
        let isUnexplained = [CURLE_SEND_ERROR, CURLE_SSH, CURLE_UPLOAD_FAILED, CURLE_RECV_ERROR].contains(code)
        // SFTP has no word for a disk that is full: the server says that it failed.
        if destination.scheme == .sftp, isUnexplained, let free = freeSpace(), free < size {
            failure = TransferFailure(
                "the server's disk is full: \(free / 1000) kB free for \(size / 1000) kB (\(destination.url))"
            )
        }
        throw failure
    }

    /// What the server's disk has free, in bytes; `nil` if it does not say (an extension of OpenSSH's).
    private func freeSpace() -> Int64? {
        prepare(destination.url(of: .init(folder: "", name: "")))
        martlet_curl_set_number(curl, CURLOPT_NOBODY, 1)
        guard perform(["statvfs \(destination.folderArgument)"], CURLOPT_QUOTE) == CURLE_OK else { return nil }
        let text = String(decoding: exchange.answer, as: UTF8.self)
        func number(_ name: String) -> Int64? {
            text.split(separator: "\n").first { $0.hasPrefix("\(name): ") }
                .flatMap { Int64($0.dropFirst(name.count + 2).filter(\.isNumber)) }
        }
        guard let blocks = number("f_bavail"), let size = number("f_frsize") else { return nil }
        let (bytes, overflows) = blocks.multipliedReportingOverflow(by: size)
        return overflows ? nil : bytes
    }

    /// Gives a file that has been sent its name; `replacing` removes what has it.
    func rename(_ from: Destination.Place, to name: Destination.Place, replacing: Bool) throws(TransferFailure) {
        let (old, new) = (destination.argument(from), destination.argument(name))
        if destination.scheme == .sftp {
            try command((replacing ? ["*rm \(new)"] : []) + ["rename \(old) \(new)"], at: name)
        } else {
            try command((replacing ? ["*DELE \(new)"] : []) + ["RNFR \(old)", "RNTO \(new)"], at: name)
        }
    }

    func remove(_ place: Destination.Place) throws(TransferFailure) {
        let name = destination.argument(place)
        try command([destination.scheme == .sftp ? "rm \(name)" : "DELE \(name)"], at: place)
    }

    private func command(_ commands: [String], at place: Destination.Place) throws(TransferFailure) {
        prepare(destination.folderURL(of: place))
        martlet_curl_set_number(curl, CURLOPT_NOBODY, 1)
        // FTP's names are those of the folder that it has gone to by then.
        let code = perform(commands, destination.scheme == .sftp ? CURLOPT_QUOTE : CURLOPT_POSTQUOTE)
        guard code == CURLE_OK else { throw failure(code) }
    }

    private func perform(_ commands: [String], _ option: CURLoption) -> CURLcode {
        var list: UnsafeMutablePointer<curl_slist>?
        for command in commands { list = curl_slist_append(list, command) }
        defer {
            martlet_curl_set_pointer(curl, option, nil)
            curl_slist_free_all(list)
        }
        martlet_curl_set_pointer(curl, option, list)
        return curl_easy_perform(curl)
    }

    // MARK: Every request

    private func prepare(_ url: String) {
        curl_easy_reset(curl)
        message.pointee = 0
        (exchange.takesData, exchange.answer) = (true, [])
        func set(_ option: CURLoption, _ number: Int) { martlet_curl_set_number(curl, option, number) }
        martlet_curl_set_text(curl, CURLOPT_URL, url)
        martlet_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, message)
        martlet_curl_set_text(curl, CURLOPT_NOPROXY, "*")
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_CONNECTTIMEOUT, Self.connectLimit)
        set(CURLOPT_SERVER_RESPONSE_TIMEOUT, Self.stallLimit)
        set(CURLOPT_LOW_SPEED_LIMIT, 1)
        set(CURLOPT_LOW_SPEED_TIME, Self.stallLimit)
        // The server's own mask says more: footage is nobody's else.
        set(CURLOPT_NEW_FILE_PERMS, 0o660)
        set(CURLOPT_NEW_DIRECTORY_PERMS, 0o770)
        if let user = destination.user {
            martlet_curl_set_text(curl, CURLOPT_USERNAME, Destination.decoded(user))
            martlet_curl_set_text(curl, CURLOPT_PASSWORD, password ?? "")
        }
        exchange.attach(to: curl)
        if destination.isSSH {
            let key = destination.keyFile == nil ? 0 : MARTLET_CURL_AUTH_KEY
            let word = password == nil ? 0 : MARTLET_CURL_AUTH_PASSWORD
            set(CURLOPT_SSH_AUTH_TYPES, key | word)
            if let file = destination.keyFile {
                martlet_curl_set_text(curl, CURLOPT_SSH_PRIVATE_KEYFILE, file)
                // Made from the private one.
                martlet_curl_set_text(curl, CURLOPT_SSH_PUBLIC_KEYFILE, "")
            }
            serverKey.guardConnections(of: curl)
        } else if destination.scheme == .ftps || destination.fingerprint != nil {
            pin.pointee.is_refused = 0
            set(CURLOPT_USE_SSL, MARTLET_CURL_USE_SSL_ALL)
            martlet_curl_set_certificate(curl, pin)
            // With TLS 1.3 a server sends what nobody reads who only uploads; closed over that, the connection is reset, and
            // what was under way is lost (libcurl before 8.10).
            set(CURLOPT_SSLVERSION, MARTLET_CURL_TLS_1_2_ONLY)
        }
    }

    // MARK: Words

    private func failure(_ code: CURLcode) -> TransferFailure {
        if let broken = exchange.failure { return TransferFailure(broken) }
        let url = destination.url
        var said = String(cString: message)
        if said.isEmpty { said = String(cString: curl_easy_strerror(code)) }
        switch code {
        case CURLE_ABORTED_BY_CALLBACK: return TransferFailure("it was stopped", isStopped: true)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSH:
            if let complaint = serverKey.complaint(url) ?? certificateComplaint(url) {
                return TransferFailure(complaint)
            }
            return TransferFailure("\(said) (\(url))")
        case CURLE_LOGIN_DENIED:
            let user = destination.user.map { "'\($0)'" } ?? "anybody"
            let means =
                [destination.keyFile.map { "the key \($0)" }, destination.passwordFile.map { "the password of \($0)" }]
                .compactMap { $0 }
            let with = means.isEmpty ? "without a key or a password" : "with \(means.joined(separator: " or "))"
            return TransferFailure("the server does not let \(user) in \(with): \(said) (\(url))")
        case CURLE_USE_SSL_FAILED: return TransferFailure("the server does not encrypt: \(said) (\(url))")
        case CURLE_REMOTE_DISK_FULL: return TransferFailure("the server's disk is full: \(said) (\(url))")
        case CURLE_COULDNT_RESOLVE_HOST: return TransferFailure("nobody knows where the server is: \(said) (\(url))")
        case CURLE_OPERATION_TIMEDOUT: return TransferFailure("the server does not answer: \(said) (\(url))")
        default: return TransferFailure("\(said) (\(url))")
        }
    }

    private func certificateComplaint(_ url: String) -> String? {
        guard pin.pointee.is_refused != 0 else { return nil }
        let found = "sha256:" + withUnsafeBytes(of: pin.pointee.refused) { Array($0).hexadecimal }
        return pin.pointee.is_pinned == 0
            ? "nobody vouches for the server's certificate: if it is the right one, set fingerprint = \"\(found)\" (\(url))"
            : "the server shows another certificate than 'fingerprint' says: \(found) (\(url))"
    }
}

/// What libcurl asks for and tells while it works.
private final class Exchange {
    enum Source {
        case file(Int32)
        case bytes([UInt8])
    }

    private let stopper: Stopper
    var source = Source.bytes([])
    /// Where in the source the next bytes come from.
    var offset: Int64 = 0
    /// Whether what comes is to be had at all.
    var takesData = true
    /// What has come, as much as answers are long.
    var answer: [UInt8] = []
    /// Why the source could not be read.
    var failure: String?

    private static let longestAnswer = 16_384

    init(_ stopper: Stopper) { self.stopper = stopper }

    func attach(to curl: UnsafeMutableRawPointer) {
        failure = nil
        let data = Unmanaged.passUnretained(self).toOpaque()
        martlet_curl_set_read(
            curl,
            { buffer, size, count, data in
                guard let buffer, let data else { return Int(CURL_READFUNC_ABORT) }
                let room = UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
                return Unmanaged<Exchange>.fromOpaque(data).takeUnretainedValue().read(into: room)
            },
            data
        )
        martlet_curl_set_seek(
            curl,
            { data, offset, origin in
                guard let data, origin == SEEK_SET else { return Int32(CURL_SEEKFUNC_CANTSEEK) }
                Unmanaged<Exchange>.fromOpaque(data).takeUnretainedValue().offset = Int64(offset)
                return Int32(CURL_SEEKFUNC_OK)
            },
            data
        )
        martlet_curl_set_write(
            curl,
            { bytes, size, count, data in
                guard let bytes, let data else { return 0 }
                let exchange = Unmanaged<Exchange>.fromOpaque(data).takeUnretainedValue()
                return exchange.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
            },
            data
        )
        martlet_curl_set_progress(
            curl,
            { data, _, _, _, _ in
                data.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue().stopper.isStopped ? 1 : 0 } ?? 1
            },
            data
        )
    }

    private func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        if stopper.isStopped { return Int(CURL_READFUNC_ABORT) }
        switch source {
        case .bytes(let bytes):
            let part = bytes.dropFirst(Int(offset)).prefix(room.count)
            room.copyBytes(from: part)
            offset += Int64(part.count)
            return part.count
        case .file(let file):
            while true {
                let count = pread(file, room.baseAddress, room.count, off_t(offset))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else {
                    failure = "the chunk cannot be read: \(String(cString: strerror(errno)))"
                    return Int(CURL_READFUNC_ABORT)
                }
                offset += Int64(count)
                return count
            }
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard takesData else { return false }
        if answer.count + bytes.count <= Self.longestAnswer { answer += bytes }
        return true
    }
}
