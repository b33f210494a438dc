internal import CCurl

/// A way to one server, which stays open from one request to the next. To be used by one thread at a time.
public final class Connection {
    private let handle: UnsafeMutableRawPointer?
    private let connectTimeout: Duration
    private let authorities: String?

    /// - Parameters:
    ///   - connectTimeout: for each connection, TLS included.
    ///   - authorities: a PEM file of the authorities that are trusted in the place of the system's.
    public init(connectTimeout: Duration = .seconds(10), authorities: String? = nil) {
        handle = Exchange.isReady ? curl_easy_init() : nil
        self.connectTimeout = connectTimeout
        self.authorities = authorities
    }

    deinit { if let handle { curl_easy_cleanup(handle) } }

    /// Sends a request and returns what came. Blocks until then, or until a time is over. No redirect is followed.
    ///
    /// - Parameters:
    ///   - timeout: for everything together; without one for as long as something comes or goes.
    ///   - patience: for how long nothing may come or go.
    ///   - sizeLimit: the most bytes that a body may have that is returned.
    ///   - receive: takes the body of a success piece by piece, of whatever size; what it throws ends the exchange.
    /// - Throws: ``Exchange/Failure``, or what `receive` threw.
    public func send(
        _ request: Exchange.Request, timeout: Duration? = nil, patience: Duration = .seconds(120), sizeLimit: Int,
        receive: (([UInt8]) throws -> Void)? = nil
    ) throws -> Exchange.Answer {
        let received = Received(limit: sizeLimit, receive)
        do { return try transfer(request, timeout: timeout, patience: patience, into: received) } catch { throw received.failure ?? error }
    }

    func transfer(
        _ request: Exchange.Request, timeout: Duration?, patience: Duration, into received: Received
    ) throws(Exchange.Failure) -> Exchange.Answer {
        guard let handle else { throw .library(cause: "the network library cannot be used") }
        // Connections that are open stay open.
        curl_easy_reset(handle)

        let errors = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        errors.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        defer { errors.deallocate() }

        var lines: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(lines) }
        // Without the last, a server that does not know it would keep us waiting for its leave to send.
        for line in request.lines + ["Expect:"] {
            guard let longer = curl_slist_append(lines, line) else { throw .library(cause: "no memory is left") }
            lines = longer
        }

        received.handle = handle
        // A handle that is used again shows none of this transfer's memory.
        defer { curl_easy_reset(handle) }
        let code = (request.body ?? []).withUnsafeBytes { bytes -> CURLcode in
            let settings =
                Self.method(of: request, bytes, handle) + [
                    ccurl_set_address(handle, CURLOPT_ERRORBUFFER, errors),
                    ccurl_set_text(handle, CURLOPT_URL, request.url),
                    ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
                    ccurl_set_number(handle, CURLOPT_FOLLOWLOCATION, 0),
                    ccurl_set_number(handle, CURLOPT_SSL_VERIFYPEER, 1),
                    ccurl_set_number(handle, CURLOPT_SSL_VERIFYHOST, 2),
                    ccurl_set_number(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2),
                    ccurl_set_number(handle, CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(connectTimeout)),
                    ccurl_set_number(handle, CURLOPT_TIMEOUT_MS, timeout.map(Self.milliseconds) ?? 0),
                    ccurl_set_number(handle, CURLOPT_LOW_SPEED_LIMIT, 1),
                    ccurl_set_number(handle, CURLOPT_LOW_SPEED_TIME, max(1, Self.milliseconds(patience) / 1000)),
                    // Else the time of a look-up would be kept by a signal, which belongs to the whole process.
                    ccurl_set_number(handle, CURLOPT_NOSIGNAL, 1),
                    ccurl_set_text(handle, CURLOPT_NOPROXY, Exchange.isOfThisMachine(request.url) ? "*" : nil),
                    ccurl_set_lines(handle, CURLOPT_HTTPHEADER, lines),
                    ccurl_set_text(handle, CURLOPT_USERAGENT, "MinhChung"),
                    ccurl_set_receiver(handle, take),
                    // Not kept beyond the transfer, which ends in this closure.
                    ccurl_set_address(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(received).toOpaque()),
                ] + (authorities.map { [ccurl_set_text(handle, CURLOPT_CAINFO, $0)] } ?? [])
            return settings.first { $0 != CURLE_OK } ?? withExtendedLifetime(received) { curl_easy_perform(handle) }
        }
        if received.isOverflown { throw .tooLarge }
        guard code == CURLE_OK else {
            throw .unreachable(cause: oneLine(String(cString: errors.pointee != 0 ? UnsafePointer(errors) : curl_easy_strerror(code))))
        }
        let type = Self.text(CURLINFO_CONTENT_TYPE, of: handle)?.prefix { $0 != ";" } ?? ""
        return Exchange.Answer(
            status: received.status, mediaType: type.filter { !$0.isWhitespace }.lowercased(),
            movedTo: Self.text(CURLINFO_REDIRECT_URL, of: handle), fields: Self.fields(of: handle), body: received.bytes)
    }

    private static func method(of request: Exchange.Request, _ body: UnsafeRawBufferPointer, _ handle: UnsafeMutableRawPointer) -> [CURLcode] {
        if request.method == "HEAD" { return [ccurl_set_number(handle, CURLOPT_NOBODY, 1)] }
        // The method of its own where it has a body is POST, and another name may stand in its place.
        let named = ["GET", "POST"].contains(request.method) ? [] : [ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method)]
        guard request.body != nil || request.method == "POST" else { return named }
        return [
            ccurl_set_number(handle, CURLOPT_POST, 1), ccurl_set_number(handle, CURLOPT_POSTFIELDSIZE, body.count),
            // Without an address it would ask for the bytes of nothing.
            body.isEmpty ? ccurl_set_text(handle, CURLOPT_COPYPOSTFIELDS, "") : ccurl_set_address(handle, CURLOPT_POSTFIELDS, body.baseAddress),
        ] + named
    }

    private static func fields(of handle: UnsafeMutableRawPointer) -> [String: String] {
        var fields: [String: String] = [:]
        var last: UnsafeMutablePointer<curl_header>?
        while let next = curl_easy_nextheader(handle, UInt32(CURLH_HEADER), -1, last) {
            let name = String(cString: next.pointee.name).lowercased()
            fields[name] = (fields[name].map { $0 + "\n" } ?? "") + String(cString: next.pointee.value)
            last = next
        }
        return fields
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

/// What has come so far, at most the limit; what is handed out is not kept.
final class Received {
    private(set) var bytes: [UInt8] = []
    private(set) var isOverflown = false
    private(set) var failure: (any Error)?
    /// Of the transfer that it is for.
    fileprivate var handle: UnsafeMutableRawPointer?
    private let limit: Int
    private let receive: (([UInt8]) throws -> Void)?

    init(limit: Int, _ receive: (([UInt8]) throws -> Void)? = nil) {
        self.limit = limit
        self.receive = receive
    }

    var status: Int {
        guard let handle else { return 0 }
        var status = 0
        ccurl_get_number(handle, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// How many bytes were taken; fewer than given end the transfer.
    func take(_ piece: UnsafeRawBufferPointer) -> Int {
        if let receive, (200...299).contains(status) {
            do { try receive(Array(piece)) } catch {
                failure = error
                return 0
            }
            return piece.count
        }
        guard piece.count <= limit - bytes.count else {
            isOverflown = true
            return 0
        }
        bytes.append(contentsOf: piece)
        return piece.count
    }
}

private func take(
    _ piece: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    return Unmanaged<Received>.fromOpaque(context).takeUnretainedValue().take(UnsafeRawBufferPointer(start: piece, count: size * count))
}
