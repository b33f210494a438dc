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
        /// Fields of the header by their names in lower case; of several with one name each on a line of its own.
        public let fields: [String: String]
        /// Empty where it was handed out as it came.
        public let body: [UInt8]
    }

    /// What is asked for.
    public struct Request: Sendable {
        public let method: String
        public let url: String
        /// Lines of the header.
        public let lines: [String]
        public let body: [UInt8]?

        public init(_ method: String, _ url: String, lines: [String], body: [UInt8]? = nil) {
            self.method = method
            self.url = url
            self.lines = lines
            self.body = body
        }
    }

    /// Why nothing came that could be read.
    public enum Failure: Error {
        case unreachable(cause: String)
        case tooLarge
        case library(cause: String)
    }

    // The library wants this once, before any other call; a global is made once, by whichever thread comes first.
    static let isReady = ccurl_global_init() == CURLE_OK

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
        try perform(Request("POST", url, lines: ["Content-Type: \(mediaType)", "Accept: \(expected)"] + more, body: body))
    }

    /// Asks for what is there and returns it. Blocks until then, or until a time is over.
    public func get(expecting expected: String) throws(Failure) -> Answer { try perform(Request("GET", url, lines: ["Accept: \(expected)"])) }

    private func perform(_ request: Request) throws(Failure) -> Answer {
        try Connection(connectTimeout: connectTimeout).transfer(request, timeout: timeout, patience: timeout, into: Received(limit: sizeLimit))
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
