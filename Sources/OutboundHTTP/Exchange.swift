internal import CCurl

/// One request and its answer, over HTTP or HTTPS and nothing else: no redirect is followed, TLS is verified against the
/// system's certificates, and neither time nor size is left to the other side.
public struct Exchange {
    private let url: String
    private let connectTimeout: Duration
    private let timeout: Duration
    private let sizeLimit: Int

    /// - Parameters:
    ///   - connectTimeout: for the connection, TLS included.
    ///   - timeout: for everything together.
    ///   - sizeLimit: the most bytes that an answer may have.
    public init(url: String, connectTimeout: Duration = .seconds(10), timeout: Duration = .seconds(30), sizeLimit: Int) {
        self.url = url
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.sizeLimit = sizeLimit
    }

    /// What came.
    public struct Answer: Sendable {
        public let status: Int
        /// Lower-case, without parameters; empty when the server named none.
        public let mediaType: String
        /// Where the server would have us go instead.
        public let movedTo: String?
        public let body: [UInt8]
    }

    /// Why nothing came that could be read.
    public enum Failure: Error {
        case unreachable(cause: String)
        case tooLarge
        case library(cause: String)
    }

    // The library wants this once, before any other call; a global is made once, by whichever thread comes first.
    private static let isReady = ccurl_global_init() == CURLE_OK

    /// Whether this is an address that can be asked; else why not. Touches no network.
    public static func objection(to url: String) -> String? {
        guard !url.utf8.contains(0), url.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value != 127 }) else {
            return "it has a space or control character in it"
        }
        guard isReady, let parts = curl_url() else { return "the network library cannot be used" }
        defer { curl_url_cleanup(parts) }
        guard curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK, let scheme = part(CURLUPART_SCHEME, of: parts) else {
            return "it is not a URL with a scheme and a host"
        }
        guard scheme == "http" || scheme == "https" else { return "its scheme is neither http nor https" }
        // It stands in configurations, records and errors, where no password may be.
        guard part(CURLUPART_USER, of: parts) == nil, part(CURLUPART_PASSWORD, of: parts) == nil else {
            return "it has a user name or password in it"
        }
        return nil
    }

    /// Whether it is an address of this machine by its name: asked directly, whatever proxy the environment names for the world outside.
    public static func isOfThisMachine(_ url: String) -> Bool {
        guard let parts = curl_url() else { return false }
        defer { curl_url_cleanup(parts) }
        guard curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK else { return false }
        return ["localhost", "127.0.0.1", "[::1]"].contains(part(CURLUPART_HOST, of: parts))
    }

    private static func part(_ part: CURLUPart, of url: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }

    /// Sends `body` and returns what came. Blocks until then, or until a time is over.
    ///
    /// - Parameter more: further lines of the header.
    public func post(_ body: [UInt8], mediaType: String, expecting expected: String, more: [String] = []) throws(Failure) -> Answer {
        try perform(body, lines: ["Content-Type: \(mediaType)", "Accept: \(expected)"] + more)
    }

    /// Asks for what is there and returns it. Blocks until then, or until a time is over.
    public func get(expecting expected: String) throws(Failure) -> Answer {
        try perform(nil, lines: ["Accept: \(expected)"])
    }

    /// A POST of `body`, or a GET where there is none.
    private func perform(_ body: [UInt8]?, lines header: [String]) throws(Failure) -> Answer {
        guard Self.isReady, let handle = curl_easy_init() else { throw .library(cause: "the network library cannot be used") }
        defer { curl_easy_cleanup(handle) }

        let errors = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        errors.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        defer { errors.deallocate() }

        var lines: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(lines) }
        // Without the last, a server that does not know it would keep us waiting for its leave to send.
        for line in header + ["Expect:"] {
            guard let longer = curl_slist_append(lines, line) else { throw .library(cause: "no memory is left") }
            lines = longer
        }

        let received = Received(limit: sizeLimit)
        let code = (body ?? []).withUnsafeBytes { bytes -> CURLcode in
            let posting =
                body == nil
                ? []
                : [
                    ccurl_set_number(handle, CURLOPT_POST, 1), ccurl_set_number(handle, CURLOPT_POSTFIELDSIZE, bytes.count),
                    ccurl_set_address(handle, CURLOPT_POSTFIELDS, bytes.baseAddress),
                ]
            let settings =
                posting + [
                    ccurl_set_address(handle, CURLOPT_ERRORBUFFER, errors),
                    ccurl_set_text(handle, CURLOPT_URL, url),
                    ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
                    ccurl_set_number(handle, CURLOPT_FOLLOWLOCATION, 0),
                    ccurl_set_number(handle, CURLOPT_SSL_VERIFYPEER, 1),
                    ccurl_set_number(handle, CURLOPT_SSL_VERIFYHOST, 2),
                    ccurl_set_number(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2),
                    ccurl_set_number(handle, CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(connectTimeout)),
                    ccurl_set_number(handle, CURLOPT_TIMEOUT_MS, Self.milliseconds(timeout)),
                    // Else the time of a look-up would be kept by a signal, which belongs to the whole process.
                    ccurl_set_number(handle, CURLOPT_NOSIGNAL, 1),
                    ccurl_set_text(handle, CURLOPT_NOPROXY, Self.isOfThisMachine(url) ? "*" : nil),
                    ccurl_set_lines(handle, CURLOPT_HTTPHEADER, lines),
                    ccurl_set_text(handle, CURLOPT_USERAGENT, "MinhChung"),
                    ccurl_set_receiver(handle, receive),
                    // Not kept beyond the transfer, which ends in this closure.
                    ccurl_set_address(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(received).toOpaque()),
                ]
            return settings.first { $0 != CURLE_OK } ?? withExtendedLifetime(received) { curl_easy_perform(handle) }
        }
        if received.isOverflown { throw .tooLarge }
        guard code == CURLE_OK else {
            throw .unreachable(cause: oneLine(String(cString: errors.pointee != 0 ? UnsafePointer(errors) : curl_easy_strerror(code))))
        }
        var status = 0
        ccurl_get_number(handle, CURLINFO_RESPONSE_CODE, &status)
        let type = Self.text(CURLINFO_CONTENT_TYPE, of: handle)?.prefix { $0 != ";" } ?? ""
        return Answer(
            status: status, mediaType: type.filter { !$0.isWhitespace }.lowercased(),
            movedTo: Self.text(CURLINFO_REDIRECT_URL, of: handle), body: received.bytes)
    }

    private static func text(_ fact: CURLINFO, of handle: UnsafeMutableRawPointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard ccurl_get_text(handle, fact, &text) == CURLE_OK, let text else { return nil }
        return String(cString: text)
    }

    /// At least one, because nought would mean for ever; at most a day, which the library's numbers hold everywhere.
    private static func milliseconds(_ duration: Duration) -> Int {
        let bounded = min(max(duration, .milliseconds(1)), .seconds(86_400)).components
        return max(Int(bounded.seconds) * 1000 + Int(bounded.attoseconds / 1_000_000_000_000_000), 1)
    }
}

/// A text of somebody else's on one line and at most 200 characters long, fit for an error or a terminal.
public func oneLine(_ text: some StringProtocol) -> String {
    var line = ""
    for scalar in text.unicodeScalars.prefix(200) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: line.append(" ")
        default: line.unicodeScalars.append(scalar)
        }
    }
    return line
}

/// What has come so far, at most the limit.
private final class Received {
    private(set) var bytes: [UInt8] = []
    private(set) var isOverflown = false
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// How many bytes were taken; fewer than given end the transfer.
    func take(_ piece: UnsafeRawBufferPointer) -> Int {
        guard piece.count <= limit - bytes.count else {
            isOverflown = true
            return 0
        }
        bytes.append(contentsOf: piece)
        return piece.count
    }
}

private func receive(
    _ piece: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    return Unmanaged<Received>.fromOpaque(context).takeUnretainedValue().take(UnsafeRawBufferPointer(start: piece, count: size * count))
}
