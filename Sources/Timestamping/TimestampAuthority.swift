public import Evidence
internal import OutboundHTTP

/// An authority that stamps digests over the network (RFC 3161 §3.4, the protocol over HTTP).
public struct TimestampAuthority: Sendable, Equatable {
    /// Where it is asked.
    public let url: String
    /// How long connecting may take, TLS included.
    public let connectTimeout: Duration
    /// How long a stamp may take altogether.
    public let timeout: Duration

    /// An authority at an `http` or `https` address without user name and password. Nothing is asked yet.
    ///
    /// An `http` address is as good as `https` for the stamp, which is signed; it shows the digest to those on the way.
    ///
    /// - Throws: ``TimestampError/badURL(url:reason:)``.
    public init(url: String, connectTimeout: Duration = .seconds(10), timeout: Duration = .seconds(30)) throws(TimestampError) {
        if let reason = Exchange.objection(to: url) { throw .badURL(url: Self.shown(url), reason: reason) }
        self.url = url
        self.connectTimeout = connectTimeout
        self.timeout = timeout
    }

    /// Asks for a stamp on the digest and returns it. The stamp answers this very request: it is on this digest and repeats
    /// a number that was drawn for it; so nobody has played back an old one. Who signed it is not known before
    /// ``TimestampToken/verify(imprint:trusting:)``.
    ///
    /// Blocks its thread until the answer or the end of ``timeout``: call it off the cooperative pool. Follows no redirect,
    /// and uses the proxy that the environment names unless the authority is on this machine.
    ///
    /// - Throws: ``TimestampError``: `unreachable`, `refused` or `notAnAnswer`.
    public func stamp(_ imprint: Digest) throws(TimestampError) -> TimestampToken {
        let request = Request(imprint: imprint, number: .random(in: .min ... .max))
        let exchange = Exchange(
            url: url, connectTimeout: connectTimeout, timeout: timeout, sizeLimit: TimestampToken.sizeLimit)
        let answer: Exchange.Answer
        do {
            answer = try exchange.post(
                request.bytes, mediaType: "application/timestamp-query", expecting: "application/timestamp-reply")
        } catch {
            switch error {
            case .unreachable(let cause): throw .unreachable(url: url, cause: cause)
            case .tooLarge: throw .notAnAnswer(url: url, reason: "it has more than \(TimestampToken.sizeLimit) bytes")
            case .library(let cause): throw .library(act: "ask time stamp authority \(url)", cause: cause)
            }
        }
        guard answer.status == 200 else {
            let target = answer.movedTo.map { ", it points to \(oneLine($0))" } ?? ""
            throw .refused(url: url, status: "HTTP status \(answer.status)\(target)")
        }
        guard answer.mediaType == "application/timestamp-reply" else {
            let type = answer.mediaType.isEmpty ? "without a type" : "of type \(oneLine(answer.mediaType))"
            throw .notAnAnswer(url: url, reason: "it is \(type) instead of application/timestamp-reply")
        }
        return try token(in: answer.body, for: request)
    }

    private func token(in body: [UInt8], for request: Request) throws(TimestampError) -> TimestampToken {
        let statement: Statement
        do {
            statement = try withResponse(body) { response throws(TimestampError) in try Statement(response) }
        } catch {
            switch error {
            case .notGranted(let status): throw .refused(url: url, status: status)
            case .unreadable(let reason): throw .notAnAnswer(url: url, reason: reason)
            case .imprintNotSHA256(let algorithm):
                throw .notAnAnswer(url: url, reason: "it is on a digest by \(algorithm) and not by SHA-256")
            default: throw error
            }
        }
        guard statement.imprint == request.imprint else {
            throw .notAnAnswer(url: url, reason: "it is on \(statement.imprint) and not on \(request.imprint)")
        }
        guard statement.nonce == request.nonce else {
            throw .notAnAnswer(url: url, reason: "it does not repeat the number of the request")
        }
        return TimestampToken(bytes: body, statement: statement)
    }

    /// Without what may be a password, and short enough for a line.
    private static func shown(_ url: String) -> String {
        guard let at = url.lastIndex(of: "@") else { return oneLine(url) }
        return "…" + oneLine(url[at...])
    }
}

/// A TimeStampReq on a SHA-256 digest that asks for the signer's certificate.
struct Request {
    let imprint: Digest
    /// The drawn number as it is compared: big-endian, without leading zeros.
    let nonce: [UInt8]
    /// DER.
    let bytes: [UInt8]

    init(imprint: Digest, number: UInt64) {
        self.imprint = imprint
        nonce = Array((0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }.drop { $0 == 0 })
        // An INTEGER has at least one byte, and one more where its highest bit would be read as a sign.
        let integer = (nonce.first.map { $0 >= 0x80 } ?? true ? [0] : []) + nonce
        let body: [UInt8] =
            [0x02, 0x01, 1]  // version INTEGER 1
            + [0x30, 0x31, 0x30, 0x0D]  // messageImprint SEQUENCE { hashAlgorithm SEQUENCE {
            + [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00]  // sha256, NULL },
            + [0x04, 0x20] + imprint.bytes  // hashedMessage OCTET STRING }
            + [0x02, UInt8(integer.count)] + integer  // nonce INTEGER
            + [0x01, 0x01, 0xFF]  // certReq BOOLEAN TRUE
        bytes = [0x30, UInt8(body.count)] + body
    }
}
