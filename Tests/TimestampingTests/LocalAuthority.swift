import Evidence
import Foundation
import Testing

private func has(_ program: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
}

let hasOpenSSL = has("openssl") && has("python3")
let openSSLAbsence: Comment = "the programs openssl and python3 make the authority of these tests, and one is absent"

/// An authority of its own for one test, made by the openssl program in a folder that is gone afterwards: a root, a signer
/// under it, and what else a test names.
final class LocalAuthority {
    let folder: URL

    /// The certificates that can be made: section of the extensions, who signs, and since and until when.
    private static let certificates: [(name: String, extensions: String, issuer: String, from: String, until: String)] = [
        ("root", "root", "root", "20150101000000Z", "20750101000000Z"),
        ("other", "root", "other", "20150101000000Z", "20750101000000Z"),
        ("between", "root", "root", "20150101000000Z", "20750101000000Z"),
        ("signer", "signer", "root", "20150101000000Z", "20750101000000Z"),
        ("under", "signer", "between", "20150101000000Z", "20750101000000Z"),
        ("expired", "signer", "root", "20200101000000Z", "20210101000000Z"),
        ("purposeless", "purposeless", "root", "20150101000000Z", "20750101000000Z"),
        ("web", "web", "root", "20150101000000Z", "20750101000000Z"),
    ]

    private static let configuration = """
        [ca]
        default_ca = authority
        [authority]
        database = index.txt
        rand_serial = yes
        new_certs_dir = .
        default_md = sha256
        policy = any
        unique_subject = no
        email_in_dn = no
        [any]
        organizationName = optional
        commonName = supplied
        [root]
        basicConstraints = critical, CA:true
        keyUsage = critical, keyCertSign, cRLSign
        [signer]
        keyUsage = critical, digitalSignature
        extendedKeyUsage = critical, timeStamping
        [purposeless]
        keyUsage = critical, digitalSignature
        [web]
        keyUsage = critical, digitalSignature
        extendedKeyUsage = critical, serverAuth
        [tsa]
        default_tsa = stamping
        [stamping]
        serial = stamps
        signer_cert = signer.pem
        signer_key = signer.key
        signer_digest = sha256
        ess_cert_id_alg = sha256
        default_policy = 1.3.6.1.4.1.99999.1
        digests = sha256, sha512
        tsa_name = yes
        clock_precision_digits = 3
        [req]
        distinguished_name = nothing
        [nothing]
        """

    init(algorithm: String = "EC", with others: String...) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "minhchung-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try write(Array(Self.configuration.utf8), to: "ts.cnf")
        try write([], to: "index.txt")
        try write(Array("1A2B3C\n".utf8), to: "stamps")
        let options = algorithm == "EC" ? ["ec_paramgen_curve:P-256"] : ["rsa_keygen_bits:2048"]
        for certificate in Self.certificates where (["root", "signer"] + others).contains(certificate.name) {
            let name = certificate.name
            try openssl(["genpkey", "-algorithm", algorithm, "-out", "\(name).key"] + options.flatMap { ["-pkeyopt", $0] })
            try openssl([
                "req", "-new", "-utf8", "-key", "\(name).key", "-subj", "/O=Cơ quan thử/CN=\(name)", "-config", "ts.cnf", "-out", "\(name).csr",
            ])
            let signing =
                certificate.issuer == name
                ? ["-selfsign", "-keyfile", "\(name).key"] : ["-cert", "\(certificate.issuer).pem", "-keyfile", "\(certificate.issuer).key"]
            try openssl(
                [
                    "ca", "-batch", "-notext", "-utf8", "-config", "ts.cnf", "-in", "\(name).csr", "-out", "\(name).pem",
                    "-extensions", certificate.extensions, "-startdate", certificate.from, "-enddate", certificate.until,
                ] + signing)
        }
    }

    deinit {
        // A leftover folder is the system's to clean; a test has ended either way.
        try? FileManager.default.removeItem(at: folder)  // because of the line above
    }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }

    func write(_ bytes: [UInt8], to name: String) throws { try Data(bytes).write(to: folder.appending(path: name)) }

    /// Runs the openssl program in the folder, waits, and answers what it printed; records an issue when it fails.
    @discardableResult
    func openssl(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let output = folder.appending(path: "output")
        try Data().write(to: output)
        let file = try FileHandle(forWritingTo: output)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        try process.run()
        // The folder goes with this object, and a caller may hold no other reference to it.
        withExtendedLifetime(self) { process.waitUntilExit() }
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
        try #require(process.terminationStatus == 0, "openssl \(arguments[0]): \(text)", sourceLocation: sourceLocation)
        return text
    }

    /// A response by `openssl ts`, to a query that it made itself.
    func stamp(_ imprint: Digest, algorithm: String = "sha256", digest: String? = nil) throws -> [UInt8] {
        try openssl(["ts", "-query", "-digest", digest ?? imprint.hex, "-\(algorithm)", "-cert", "-out", "query"])
        try openssl(["ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-out", "token.tsr"])
        return try read("token.tsr")
    }

    /// A response that was put together by hand and signed by `openssl cms`, which asks nothing of the signer: for what
    /// `openssl ts` would never stamp.
    func forge(
        _ imprint: Digest, at time: String, by signer: String, with others: [String] = [], status: [UInt8] = DER.sequence(DER.integer(0))
    ) throws -> [UInt8] {
        try write(DER.stamp(imprint, at: time), to: "stamp")
        try openssl(
            [
                "cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-cades", "-md", "sha256", "-outform", "DER", "-in", "stamp", "-out", "signed",
                "-econtent_type", "1.2.840.113549.1.9.16.1.4", "-signer", "\(signer).pem", "-inkey", "\(signer).key",
            ] + others.flatMap { ["-certfile", "\($0).pem"] })
        return DER.sequence(status, try read("signed"))
    }
}

/// As much DER as the tests write themselves.
enum DER {
    static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] =
            count < 128 ? [UInt8(count)] : count < 256 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 255)]
        return [tag] + length + content
    }

    static func sequence(_ parts: [UInt8]...) -> [UInt8] { value(0x30, parts.flatMap { $0 }) }

    static func integer(_ number: UInt8) -> [UInt8] { value(0x02, [number]) }

    /// A TSTInfo without nonce and tsa name.
    static func stamp(_ imprint: Digest, at time: String) -> [UInt8] {
        sequence(
            integer(1), value(0x06, [0x2B, 0x06, 0x01, 0x04, 0x01, 0x8F, 0x65]),
            sequence(sequence(value(0x06, [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01])), value(0x04, imprint.bytes)),
            integer(7), value(0x18, Array(time.utf8)))
    }
}

/// The server of `authority.py` in an authority's folder; it ends with this object.
final class LocalServer {
    private let authority: LocalAuthority
    private let process = Process()
    private let input = Pipe()
    private let ports: [Int]

    init(_ authority: LocalAuthority) throws {
        self.authority = authority
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", URL(filePath: #filePath).deletingLastPathComponent().appending(path: "authority.py").path]
        process.currentDirectoryURL = authority.folder
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n"), let byte = try output.fileHandleForReading.read(upToCount: 1)?.first { line.append(byte) }
        ports = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        try #require(ports.count == 3, "the server did not start")
    }

    deinit {
        // Its end is what it waits for; that it cannot be closed twice is no matter here.
        try? input.fileHandleForWriting.close()  // because of the line above
        process.waitUntilExit()
    }

    func url(_ act: String) -> String { "http://127.0.0.1:\(ports[0])/\(act)" }
    var untrusted: String { "https://127.0.0.1:\(ports[1])/stamp" }
    var unheard: String { "https://127.0.0.1:\(ports[2])/stamp" }
}
