public import Evidence

/// Why there is no time stamp, or why one proves nothing. One line each; words of a server are cleaned and shortened.
public enum TimestampError: Error, Equatable, CustomStringConvertible {
    /// The response has more than ``TimestampToken/sizeLimit`` bytes.
    case tooLarge
    /// The bytes are not a response in the one form that is accepted.
    case unreadable(reason: String)
    /// The response says itself that it is no time stamp.
    case notGranted(status: String)
    /// The stamp is on a digest of another algorithm.
    case imprintNotSHA256(algorithm: String)
    /// The stamp is on other bytes.
    case imprintDiffers(expected: Digest, found: Digest)
    /// Signature, certificate or chain do not hold.
    case notProven(reason: String)
    /// The certificates to trust cannot be used.
    case badCertificates(reason: String)
    /// The address is not one that can be asked.
    case badURL(url: String, reason: String)
    /// There was no answer: no connection, no TLS that verifies, or the time was over.
    case unreachable(url: String, cause: String)
    /// The authority answered and gave no stamp; its status, in HTTP or in the response, and its words.
    case refused(url: String, status: String)
    /// Something answered, but not this request.
    case notAnAnswer(url: String, reason: String)
    /// The library could not do what never fails while there is memory.
    case library(act: String, cause: String)

    public var description: String {
        switch self {
        case .tooLarge: "cannot read time stamp: it has more than \(TimestampToken.sizeLimit) bytes"
        case .unreadable(let reason): "cannot read time stamp: \(reason)"
        case .notGranted(let status): "cannot read time stamp: it was not granted: \(status)"
        case .imprintNotSHA256(let algorithm): "cannot read time stamp: it is on a digest by \(algorithm) and not by SHA-256"
        case .imprintDiffers(let expected, let found): "cannot verify time stamp: it is on \(found) and not on \(expected)"
        case .notProven(let reason): "cannot verify time stamp: \(reason)"
        case .badCertificates(let reason): "cannot use the certificates of time stamp authorities: \(reason)"
        case .badURL(let url, let reason): "cannot ask time stamp authority \(url): \(reason)"
        case .unreachable(let url, let cause): "cannot reach time stamp authority \(url): \(cause)"
        case .refused(let url, let status): "cannot get a time stamp from \(url): the authority refused: \(status)"
        case .notAnAnswer(let url, let reason): "cannot get a time stamp from \(url): what came is not an answer to the request: \(reason)"
        case .library(let act, let cause): "cannot \(act): \(cause)"
        }
    }
}
