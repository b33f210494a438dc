import Custody
import Ledger
import Testing

@testable import Web

@Suite("Configuration")
struct ConfigurationTests {
    @Test("Every value has its source, and what is said later holds")
    func sources() throws {
        let configuration = try Configuration(
            file: Array(#"{"host":"0.0.0.0","port":9000,"limit_connections":100,"trusted_proxies":["127.0.0.1","::1"]}"#.utf8),
            environment: [
                "MINHCHUNG_PORT": "9001", "MINHCHUNG_OPEN_MACHINE": "true", "MINHCHUNG_ARCHIVE": "/srv/minhchung", "MINHCHUNG_HOST": "",
                "HOME": "/root",
            ],
            others: ["MINHCHUNG_ARCHIVE"], flags: [("limit_connections", "50"), ("limit_idle_seconds", "5")])
        #expect(configuration.settings.host == "0.0.0.0")
        #expect(configuration.settings.port == 9001)
        #expect(configuration.settings.trustedProxies == ["127.0.0.1", "::1"])
        #expect(configuration.settings.opensMachineOperations)
        #expect(configuration.settings.limits.connections == 50)
        let sources = Dictionary(uniqueKeysWithValues: configuration.values.map { ($0.name, $0.source) })
        #expect(sources["host"] == .file)
        #expect(sources["port"] == .environment)
        #expect(sources["limit_connections"] == .flag)
        #expect(sources["limit_slow_seconds"] == .standard)
        #expect(configuration.values.first { $0.name == "limit_idle_seconds" }?.value == .integer(5))
    }

    @Test("Addresses of proxies are known in every spelling")
    func proxies() throws {
        let text = " 127.0.0.1 , 2001:DB8:0:0::1,::ffff:10.0.0.1,::FFFF:a00:2"
        let settings = try Configuration(environment: ["MINHCHUNG_TRUSTED_PROXIES": text]).settings
        #expect(settings.trustedProxies == ["127.0.0.1", "2001:db8::1", "10.0.0.1", "10.0.0.2"])
    }

    @Test("Without a word it listens on this machine only, and every limit is on")
    func defaults() throws {
        let settings = try Configuration().settings
        #expect(settings.host == "127.0.0.1")
        #expect(settings.certificate == nil)
        #expect(settings.trustedProxies.isEmpty)
        #expect(!settings.opensMachineOperations)
        for (name, value, _, _) in try Configuration().values where name.hasPrefix("limit_") {
            guard case .integer(let number) = value else {
                Issue.record("\(name) is no number")
                continue
            }
            #expect(number > 0, "\(name)")
        }
    }

    @Test(
        "What is no setting, or not what it has to be, is refused in one line that says where",
        arguments: [
            (#"{"prot":80}"#, [:], [], "prot in the configuration file is no setting"),
            (#"{"port":"80"}"#, [:], [], "port in the configuration file is not an integer"),
            (#"{"port":65536}"#, [:], [], "port in the configuration file is not between 0 and 65535"),
            (#"{"port":1,"port":2}"#, [:], [], "cannot read the configuration: it is not JSON"),
            (#"[]"#, [:], [], "it is not a JSON object"),
            (#"{"certificate":"a.pem"}"#, [:], [], "certificate and key go together"),
            (#"{"openid_issuer":"https://id.example"}"#, [:], [], "openid_issuer, openid_client_id and openid_public_url go together"),
            (#"{"openid_client_secret_file":"a"}"#, [:], [], "openid_client_secret_file with them; give all, or none"),
            (
                "{}", ["MINHCHUNG_OPENID_CLIENT_SECRET": "s3cret"], [],
                "openid_client_secret in the environment (MINHCHUNG_OPENID_CLIENT_SECRET) is no"
            ),
            (#"{"open_machine":"true"}"#, [:], [], "open_machine in the configuration file is not true or false"),
            ("{}", ["MINHCHUNG_PROT": "80"], [], "prot in the environment (MINHCHUNG_PROT) is no setting"),
            ("{}", ["MINHCHUNG_PORT": "http"], [], "port in the environment (MINHCHUNG_PORT) is not an integer"),
            ("{}", [:], ["limit_connections=many"], "limit_connections on the command line is not an integer"),
            (
                #"{"trusted_proxies":["127.0.0.1","10.0.0.0/8"]}"#, [:], [],
                "trusted_proxies in the configuration file has 10.0.0.0/8, which is no IP address"
            ),
            ("{}", ["MINHCHUNG_TRUSTED_PROXIES": "proxy.example"], [], "(MINHCHUNG_TRUSTED_PROXIES) has proxy.example, which is no IP address"),
            ("{}", [:], ["trusted_proxies=1.2.3"], "trusted_proxies on the command line has 1.2.3, which is no IP address"),
            ("{}", [:], ["trusted_proxies=unknown"], "has unknown, which is no IP address"),
            ("{}", [:], ["trusted_proxies= ,::1"], "trusted_proxies on the command line"),
            ("{}", [:], ["limit_connections=0"], "limit_connections on the command line is not between"),
        ] as [(String, [String: String], [String], String)])
    func mistakes(_ file: String, _ environment: [String: String], _ flags: [String], _ words: String) {
        let pairs = flags.map { flag in (name: String(flag.prefix { $0 != "=" }), text: String(flag.drop { $0 != "=" }.dropFirst())) }
        let error = #expect(throws: Configuration.Mistake.self) { try Configuration(file: Array(file.utf8), environment: environment, flags: pairs) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("\n") == false)
        #expect(error?.description.contains("s3cret") == false, "a secret that is given in the wrong place is not printed")
    }

    @Test("Without an issuer there is no provider, and with one it sends people back under this site's address")
    func provider() throws {
        #expect(try Configuration().settings.signInProvider(secret: nil) == nil)
        func provider(_ issuer: String, _ site: String) throws -> SignInProvider? {
            let flags = [("openid_issuer", issuer), ("openid_client_id", "us"), ("openid_public_url", site)].map { (name: $0.0, text: $0.1) }
            return try Configuration(flags: flags).settings.signInProvider(secret: "s3cret")
        }
        #expect(try provider("https://id.example", "https://minhchung.example/") != nil)
        for (issuer, site) in [
            ("http://id.example", "https://a.example"), ("https://id.example", "http://a.example"), ("https://id.example", "a.example"),
        ] {
            #expect(throws: (any Error).self, "\(issuer) \(site)") { try provider(issuer, site) }
        }
        for (name, value, _, _) in try Configuration(
            flags: [("openid_issuer", "https://i.example"), ("openid_client_id", "us"), ("openid_public_url", "https://a.example")].map {
                (name: $0.0, text: $0.1)
            }
        ).values where name.contains("secret") {
            #expect(name == "openid_client_secret_file" && value == .null)
        }
    }
}
