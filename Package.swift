// swift-tools-version: 6.1
import PackageDescription

// The module table of this package: who may import whom. `Tests/TidyTests` reads every import and holds it against
// the same table, because the compiler alone would let a target reach what its dependencies reach.

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "MinhChung",
    products: [
        .executable(name: "minhchung", targets: ["Command"]),
        .executable(name: "minhchung-extract", targets: ["ExtractionWorker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Pure values and rules: no file, no database, no clock.
        .target(name: "Evidence", dependencies: [crypto, cryptoExtras]),
        .target(name: "VietnameseText"),
        .target(name: "Ledger", dependencies: ["Evidence"]),
        .target(name: "Recognition", dependencies: ["Evidence", yams]),
        .target(name: "ExtractionWire"),

        // Siblings that keep state or talk to the system; they never import one another.
        .target(name: "Vault", dependencies: ["Evidence", "CLinux"]),
        .target(
            name: "Catalog", dependencies: ["Evidence", "VietnameseText", "Recognition", "Ledger", grdb],
            resources: [
                .embedInCode("../../Storage/Schema/archive_0001.sql"),
                .embedInCode("../../Storage/Schema/archive_0002.sql"),
                .embedInCode("../../Storage/Schema/service_0001.sql"),
                .embedInCode("../../Storage/Schema/service_0002.sql"),
                .embedInCode("../../Storage/Schema/search_0001.sql"),
            ]),
        .target(name: "Extraction", dependencies: ["Evidence", "ExtractionWire", "CDescriptors"]),
        .target(name: "OutboundHTTP", dependencies: ["CCurl"]),
        .target(name: "Timestamping", dependencies: ["Evidence", "COpenSSL", "OutboundHTTP"]),

        .target(
            name: "Accounts",
            dependencies: ["Evidence", "VietnameseText", "OutboundHTTP", "CArgon2", crypto, .product(name: "JWTKit", package: "jwt-kit")]),

        // What leaves the archive in somebody's hands, and its check without an archive.
        .target(name: "Bundle", dependencies: ["Evidence", "Recognition", "Ledger", "Timestamping", "CLinux", "CZlib"]),

        // The operations, and the program.
        .target(
            name: "Custody",
            dependencies: [
                "Evidence", "VietnameseText", "Recognition", "Ledger", "Bundle", "Timestamping", "Vault", "Catalog", "Extraction", "Accounts",
            ]),
        .target(
            name: "Web",
            dependencies: [
                "Evidence", "Recognition", "Ledger", "Bundle", "Accounts", "Custody",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
            ]),
        .executableTarget(
            name: "Command",
            dependencies: ["Evidence", "Recognition", "Ledger", "Bundle", "OutboundHTTP", "Custody", "Web", argumentParser]),

        // The confined reader of hostile documents, and the doors to the C libraries that only it links.
        .executableTarget(
            name: "ExtractionWorker",
            dependencies: ["ExtractionWire", "VietnameseText", "CConfinement", "CDescriptors", "CMagic", "CPoppler", "CRaster"]),
        .target(name: "CConfinement", linkerSettings: [.linkedLibrary("seccomp")]),
        .target(name: "CRaster", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
        .target(name: "CDescriptors"),
        .target(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CMagic", providers: [.apt(["libmagic-dev"])]),
        .systemLibrary(name: "CPoppler", pkgConfig: "poppler-glib", providers: [.apt(["libpoppler-glib-dev"])]),

        .testTarget(name: "EvidenceTests", dependencies: ["Evidence"]),
        .testTarget(name: "VietnameseTextTests", dependencies: ["VietnameseText"]),
        .testTarget(name: "RecognitionTests", dependencies: ["Evidence", "Recognition"]),
        .testTarget(name: "LedgerTests", dependencies: ["Evidence", "Ledger"]),
        .testTarget(name: "BundleTests", dependencies: ["Bundle", "Evidence", "Ledger"], exclude: ["page_check.py"]),
        .testTarget(name: "VaultTests", dependencies: ["Evidence", "Vault"]),
        .testTarget(name: "ExtractionTests", dependencies: ["Evidence", "ExtractionWire", "Extraction", "ExtractionWorker", "CZlib"]),
        .testTarget(name: "TimestampingTests", dependencies: ["Evidence", "Timestamping"], exclude: ["authority.py"]),
        .testTarget(name: "AccountsTests", dependencies: ["Accounts", "Evidence", "OutboundHTTP"], exclude: ["provider.py"]),
        .testTarget(name: "CatalogTests", dependencies: ["Evidence", "Ledger", "Catalog"]),
        .testTarget(
            name: "CustodyTests",
            dependencies: [
                "Accounts", "OutboundHTTP", "Evidence", "Recognition", "Ledger", "Bundle", "Vault", "Catalog", "Custody", "Command",
                "ExtractionWorker",
            ]),
        .testTarget(
            name: "WebTests",
            dependencies: [
                "Evidence", "Recognition", "Ledger", "Custody", "Web", "Command", "ExtractionWorker",
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
            ]),
        .testTarget(name: "CommandTests", dependencies: ["Command", "ExtractionWorker"]),
        .testTarget(name: "TidyTests"),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
    var settings = target.swiftSettings ?? []
    settings += [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
    target.swiftSettings = settings
}
