import Evidence
import Testing

@Suite("Digests of other people's packages")
struct FileDigestTests {
    /// Of `abc` (FIPS 180-4, RFC 1321); and the SHA-256 of all digests, in hexadecimal, of the first 0…299 bytes of 0, 1 … 250,
    /// 0 …, as Python's hashlib computes them.
    static let vectors: [(algorithm: FileDigestAlgorithm, abc: String, chain: String)] = [
        (.md5, "900150983cd24fb0d6963f7d28e17f72", "646d3688bf2e605a98b0998552d827b7bece1b49ad903cf3aa2b7e1bed2665ea"),
        (.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d", "2b323779b2fabe6a01f9b051b7e9520d58dbd1116b5a73f1eea5ca1b15c77ab1"),
        (
            .sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
            "38589c762cf411cdac82851a5de0273c0cdc930146e5da50a5aa9e66e6219fcb"
        ),
        (
            .sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "36003b4decc573736378067bfe6b11525dae0f246679f49dc3152bd6dcb6e925"
        ),
        (
            .sha384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            "7edb2a3dc79362e558ba871d5f259889d26fede22ea0864fbf8941f737e28bc7"
        ),
        (
            .sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "7f8d2cf73b4849605ee5c3d52db69f3642214fbad858d2498873e3408e3a9dee"
        ),
    ]

    private func digest(_ algorithm: FileDigestAlgorithm, _ bytes: [UInt8], piece: Int) -> String {
        var digest = FileDigest(algorithm)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            bytes[start..<min(start + piece, bytes.count)].withUnsafeBytes { digest.update($0) }
        }
        return digest.finalize()
    }

    @Test("Every algorithm agrees with others, in whatever pieces the bytes come", arguments: FileDigestAlgorithm.allCases)
    func agrees(_ algorithm: FileDigestAlgorithm) throws {
        let vector = try #require(Self.vectors.first { $0.algorithm == algorithm })
        #expect(digest(algorithm, Array("abc".utf8), piece: 64) == vector.abc)
        #expect(vector.abc.utf8.count == 2 * algorithm.byteCount)
        for piece in [1, 7, 63, 64, 65, 1000] {
            let chain = (0..<300).map { count in digest(algorithm, (0..<count).map { UInt8($0 % 251) }, piece: piece) }.joined()
            #expect(Digest(of: Array(chain.utf8)).hex == vector.chain, "pieces of \(piece)")
        }
    }
}
