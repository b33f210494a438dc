import Evidence
import Foundation
import Testing

@testable import Timestamping

private let imprint = Digest(of: Array("Giấy khen, 2025".utf8))

struct AddressTests {
    @Test(
        "an address that cannot be asked is refused at once",
        arguments: [
            "", "localhost", "/tsr", "ftp://localhost/tsr", "file:///etc/hostname", "http://", "https://a b/", "http://host/\n", "http://host/\0x",
            "https://user:secret@host/tsr", "https://user@host/tsr", "gopher://host/", "http://host:99999/",
        ])
    func refused(url: String) {
        #expect {
            try TimestampAuthority(url: url)
        } throws: { error in
            guard case TimestampError.badURL = error else { return false }
            let line = String(describing: error)
            return !line.contains("secret") && !line.contains("\n")
        }
    }

    @Test func `addresses of both schemes are accepted`() throws {
        for url in ["http://host/tsr", "HTTPS://host:8443/tsr?x=1", "http://[::1]/"] { #expect(try TimestampAuthority(url: url).url == url) }
    }
}

@Suite(.enabled(if: hasOpenSSL, openSSLAbsence))
struct AuthorityTests {
    @Test func `an authority that is asked gives a stamp that verifies`() throws {
        let local = try LocalAuthority()
        let server = try LocalServer(local)
        for act in ["stamp", "typed"] {
            let token = try TimestampAuthority(url: server.url(act)).stamp(imprint)
            #expect(token.imprint == imprint)
            try token.verify(imprint: imprint, trusting: local.read("root.pem"))
            #expect(try TimestampToken(parsing: token.bytes) == token)
        }
    }

    @Test func `an answer that is wrong is refused, each for its cause`() throws {
        let server = try LocalServer(try LocalAuthority())
        func failure(_ act: String) throws -> TimestampError? {
            let authority = try TimestampAuthority(url: server.url(act))
            return #expect(throws: TimestampError.self, "\(act)") { try authority.stamp(imprint) }
        }
        func refused(_ act: String, _ status: String) throws {
            #expect(try failure(act) == .refused(url: server.url(act), status: status))
        }
        try refused("error", "HTTP status 500")
        try refused("nowhere", "HTTP status 404")
        try refused("moved", "HTTP status 307, it points to \(server.url("stamp"))")
        try refused("elsewhere", "HTTP status 307, it points to file:///etc/hostname")

        let rejection = try #require(try failure("rejected"))
        guard case .refused(_, let status) = rejection else { throw rejection }
        #expect(status.hasPrefix("rejected, bad algorithm, “"))

        func notAnAnswer(_ act: String, _ part: String) throws {
            let error = try #require(try failure(act))
            guard case .notAnAnswer(server.url(act), let reason) = error else { throw error }
            #expect(reason.contains(part), "\(act): \(reason)")
        }
        try notAnAnswer("page", "it is of type text/html instead of application/timestamp-reply")
        try notAnAnswer("junk", "it is no TimeStampResp")
        try notAnAnswer("empty", "it is empty")
        try notAnAnswer("cut", "it is no TimeStampResp")
        try notAnAnswer("large", "it has more than 65536 bytes")
        try notAnAnswer("endless", "it has more than 65536 bytes")
        try notAnAnswer("other-imprint", "it is on \(String(repeating: "11", count: 32)) and not on \(imprint)")
        try notAnAnswer("other-number", "it does not repeat the number of the request")
        try notAnAnswer("no-number", "it does not repeat the number of the request")
        try notAnAnswer("no-certificate", "the certificate of its signer is not in it")

        guard case .unreachable? = try failure("broken-off") else {
            Issue.record("a connection that breaks off is no answer")
            return
        }
    }

    @Test func `an authority that never answers is given up when the time is over`() throws {
        let server = try LocalServer(try LocalAuthority())
        let url = server.url("silent")
        let authority = try TimestampAuthority(url: url, connectTimeout: .seconds(10), timeout: .milliseconds(200))
        let error = #expect(throws: TimestampError.self) { try authority.stamp(imprint) }
        guard case .unreachable(url, let cause)? = error else { throw try #require(error) }
        #expect(cause.contains("timed out"))
    }

    @Test func `an authority that nobody answers for, or whose certificate nobody trusts, is unreachable`() throws {
        let server = try LocalServer(try LocalAuthority())
        for url in [server.unheard, server.untrusted] {
            let authority = try TimestampAuthority(url: url, timeout: .seconds(10))
            let error = #expect(throws: TimestampError.self) { try authority.stamp(imprint) }
            guard case .unreachable(url, let cause)? = error else { throw try #require(error) }
            #expect(cause.contains(url == server.untrusted ? "certificate" : "Failed to connect"), "\(cause)")
        }
    }

    @Test func `a request is what openssl would write`() throws {
        let local = try LocalAuthority()
        for number: UInt64 in [0, 1, 0x7F, 0x80, 0x1234, .max >> 1, .max] {
            let bytes = Request(imprint: imprint, number: number).bytes
            try local.write(bytes, to: "query")
            let text = try local.openssl(["ts", "-query", "-in", "query", "-text"])
            #expect(text.contains("Hash Algorithm: sha256"))
            #expect(text.contains("Certificate required: yes"))
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Nonce: 0x") })
            #expect(UInt64(line.dropFirst("Nonce: 0x".count), radix: 16) == number)
            // Read and written again, which gives the same bytes when they were DER.
            try local.openssl(["ts", "-query", "-in", "query", "-out", "again"])
            #expect(try local.read("again") == bytes)
        }
    }
}
