//! What is a secret and what is none, one case a line.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // Clippy takes the helpers of a test file for code of ours.

use tollgate::guard::{Config, Scanner, Stage};

/// The rules and texts that are found.
fn found(text: &str) -> Vec<(&'static str, &str)> {
    let scan = Scanner::new(vec![Config::secrets()]).unwrap().scan(text, Stage::Input);
    scan.findings.into_iter().map(|finding| (finding.rule, &text[finding.start..finding.end])).collect()
}

/// Made up, none was ever issued. Cut by a mark, so that scanners of source code don't report this file.
fn whole(text: &str) -> String {
    text.replace('§', "")
}

#[test]
fn tokens_by_their_form() {
    let word = "Zk3v9QpX7mB2tY8nR4wL6cJ1sD5fG0hKeVxUaTiOqPzMbNyCdWgFjHlSrEu2k9";
    let hex = "3f9a7c1e5b2d8046af13c579e0b8d264c1f7a93e5d2b8604f1a7c3e9d5b28064";
    let (capital, small) = (word.to_uppercase(), word.to_lowercase());
    let uuid = "03ea1b2c-44d1-4f6e-9a77-0c5b1d2e3f40";
    let cases: &[(&str, String)] = &[
        ("adobe-client-secret", format!("p8§e-{}", &hex[..32])),
        ("age-secret-key", format!("AGE-SECRET§-KEY-1{}", &capital[..58])),
        ("airtable-token", format!("pat{}§.{hex}", &word[..14])),
        ("alibaba-access-key-id", format!("LTAI§{}", &word[..20])),
        ("anthropic-key", format!("sk-ant§-api03-{word}-{word}AA")),
        ("artifactory-key", format!("AKCp§{}{}", &word[..60], &word[..9])),
        ("asana-token", format!("1/12000000000§43210:{}", &hex[..32])),
        ("atlassian-token", format!("ATATT3§{word}{word}{word}")),
        ("aws-access-key-id", "AKIA§Q3EGRDXW7Z5KJN2M".to_owned()),
        ("aws-bedrock-key", format!("ABSKQmVkcm9ja0FQSUtleS1§{word}{word}")),
        ("bitbucket-token", format!("ATBB§{}", &word[..32])),
        ("braintree-token", format!("access_token$production$§{}${}", &small[..16], &hex[..32])),
        ("buildkite-token", format!("bkua_§{}", &hex[..40])),
        ("circleci-token", format!("CCIPAT_§{}_{}", &word[..22], &hex[..40])),
        ("cloudflare-origin-key", format!("v1.0-§{}-{hex}{hex}{}", &hex[..24], &hex[..18])),
        ("crates-io-token", format!("cio§{}", &word[..32])),
        ("databricks-token", format!("dapi§{}", &hex[..32])),
        ("digitalocean-token", format!("dop_v1_§{hex}")),
        ("discord-bot-token", format!("MTk4NjIyNDgzNDcxOTI1MjQ4§.Cl2FMQ.{}", &word[..38])),
        ("discord-webhook", format!("discord.com/api/webhooks/123456789012345678§/{word}{}", &word[..6])),
        ("docker-token", format!("dckr_pat_§{}", &word[..27])),
        ("doppler-token", format!("dp.pt.§{}", &word[..43])),
        ("dynatrace-token", format!("dt0c01§.{}.{}{}", &word[..24], &word[..60], &word[..4])),
        ("facebook-access-token", format!("EAA§M{word}{word}")),
        ("figma-token", format!("figd_§{}", &word[..40])),
        ("fly-token", format!("fm2_§{word}{word}")),
        ("github-fine-grained-token", format!("github_pat_§{}_{}", &word[..22], &word[..59])),
        ("gitlab-token", format!("glpat-§{}", &word[..20])),
        ("gitlab-token", format!("glpat-§{}.{}", &word[..27], &small[..9])),
        ("gitlab-runner-token", format!("GR1348941§{}", &word[..20])),
        ("google-api-key", format!("AIza§{}", &word[..35])),
        ("google-oauth-secret", format!("GOCSPX-§{}", &word[..28])),
        ("google-oauth-token", format!("ya29.§{word}")),
        ("grafana-token", format!("glsa_§{}_{}", &word[..32], &hex[..8])),
        ("groq-key", format!("gsk_§{}", &word[..52])),
        ("heroku-key", format!("HRKU-§{}", &word[..60])),
        ("hubspot-token", format!("pat-§na1-{uuid}")),
        ("hugging-face-token", format!("hf_§{}", &word[..34])),
        ("langsmith-key", format!("lsv2_pt_§{}_{}", &hex[..32], &hex[..10])),
        ("linear-key", format!("lin_api_§{}", &word[..40])),
        ("mailchimp-key", format!("{}§-us12", &hex[..32])),
        ("mailgun-key", format!("key-§{}", &hex[..32])),
        ("netlify-token", format!("nfp_§{}", &word[..40])),
        ("new-relic-key", format!("NRAK-§{}", &capital[..27])),
        ("notion-token", format!("ntn_§45871203956{}", &word[..35])),
        ("nuget-key", format!("oy2§{}", &small[..43])),
        ("nvidia-key", format!("nvapi-§{word}{}", &word[..4])),
        ("onepassword-secret-key", "A3-RLB1CU-68T1Y4-§KRMT7-74ENP-TL2XZ-XH7AA".to_owned()),
        ("openai-key", format!("sk-proj-§{word}")),
        ("openai-key", format!("sk-§{}T3BlbkFJ{}", &word[..20], &word[..20])),
        ("openrouter-key", format!("sk-or-v1-§{hex}")),
        ("perplexity-key", format!("pplx-§{}", &word[..48])),
        ("planetscale-token", format!("pscale_tkn_§{}", &word[..43])),
        ("postman-key", format!("PMAK-§{}-{}", &hex[..24], &hex[..34])),
        ("pulumi-token", format!("pul-§{}", &hex[..40])),
        ("pypi-token", format!("pypi-AgEIcHlwaS5vcmc§{word}{word}")),
        ("replicate-token", format!("r8_§{}", &word[..37])),
        ("rubygems-key", format!("rubygems_§{}", &hex[..48])),
        ("sendgrid-key", format!("SG.§{}.{}", &word[..22], &word[..43])),
        ("sentry-token", format!("sntryu_§{hex}")),
        ("shopify-token", format!("shpat_§{}", &hex[..32])),
        ("slack-token", format!("xoxb-§781236542736-2364535789652-{}", &word[..24])),
        ("slack-webhook", format!("hooks.slack.com/services§/T0DCUJB1Q/B0DD08H5G/{}", &word[..24])),
        ("square-token", format!("sq0atp-§{}", &word[..22])),
        ("stripe-key", format!("sk_live_§{}", &word[..24])),
        ("supabase-token", format!("sbp_§{}", &hex[..40])),
        ("tailscale-key", format!("tskey-§auth-{}-{}", &word[..12], &word[..32])),
        ("telegram-bot-token", format!("110201543:A§{}", &word[..34])),
        ("twilio-key", format!("SK§{}", &hex[..32])),
        ("typeform-token", format!("tfp_§{}", &word[..44])),
        ("vault-token", format!("hvs.§{}", &word[..24])),
        ("xai-key", format!("xai-§{}{}", &word[..60], &word[..20])),
    ];
    for (rule, token) in cases {
        let token = whole(token);
        for text in [token.clone(), format!("use {token} now"), format!("({token}), and"), format!("{token}.")] {
            assert_eq!(found(&text), [(*rule, token.as_str())], "{text}");
        }
        assert_eq!(found(&format!("in_{token}")), [], "{rule} within an identifier");
    }
}

#[test]
fn values_beside_a_name() {
    let cases: &[(&str, &str, &str)] = &[
        ("password", "password = \"Tr0ub4dor&3\"", "Tr0ub4dor&3"),
        ("password", "DB_PASSWORD=Sommer2031", "Sommer2031"),
        ("password", "db_pass: 'k9#mPq2!'", "k9#mPq2!"),
        ("password", "{\"user\":\"ann\",\"passwd\":\"hunter2x\"}", "hunter2x"),
        ("password", "{\\\"password\\\":\\\"hunter2x\\\"}", "hunter2x"),
        ("password", "config[\"password\"] = 'hunter2x'", "hunter2x"),
        ("password", "String password = new Secret(\"x\"); password => \"hunter2x\"", "hunter2x"),
        ("password", "<password>hunter2x</password>", "hunter2x"),
        ("password", "<add key=\"DbPassword\" value=\"hunter2x\" />", "hunter2x"),
        ("password", "my password is hunter2x, keep it", "hunter2x"),
        ("password", "The Wi-Fi password is \"kq7vWd2m\".", "kq7vWd2m"),
        ("password", "mysql --password h7Gx2kQ9 -h db", "h7Gx2kQ9"),
        ("password", "curl -u elastic:P4x7wq9z https://db:9200", "P4x7wq9z"),
        ("password", "password = aB3}x]k9{pQ!s#", "aB3}x]k9{pQ!s#"),
        ("password", "let password: &str = \"hunter2x\";", "hunter2x"),
        ("url-password", "postgres://app:s3cr1t9@db.internal:5432/main", "s3cr1t9"),
        ("url-password", "redis://:p4x7wq9z@cache:6379", "p4x7wq9z"),
        ("assigned-secret", "api_key: 9f8vrbiw8cf7d7j6odx9h5tb", "9f8vrbiw8cf7d7j6odx9h5tb"),
        ("assigned-secret", "\"clientSecret\": \"QlwPK1AlNZgn2U3TXkqRZYNMeelz7v\"", "QlwPK1AlNZgn2U3TXkqRZYNMeelz7v"),
        (
            "assigned-secret",
            "heroku_token = 'cf65fd59-4771-3f69-975c-336449c13031'",
            "cf65fd59-4771-3f69-975c-336449c13031",
        ),
        (
            "assigned-secret",
            "getenv('api_token', 'dafa7817e24648f391a7e87653d587b8')",
            "dafa7817e24648f391a7e87653d587b8",
        ),
        (
            "assigned-secret",
            "AccountKey=lJzRc1YdHaAA2KCNJJ1tkYwF/+mKK6Ygw0NGe170Xu592euJv2wYUtBlV8z+qnlcNQSnIYVTkLWntUO1F8j8rQ==",
            "lJzRc1YdHaAA2KCNJJ1tkYwF/+mKK6Ygw0NGe170Xu592euJv2wYUtBlV8z+qnlcNQSnIYVTkLWntUO1F8j8rQ==",
        ),
        (
            "assigned-secret",
            "https://api.example.org/v1?access_token=qX7mB2tY8nR4wL6cJ1sD&page=2",
            "qX7mB2tY8nR4wL6cJ1sD",
        ),
        ("assigned-secret", "- name: API_TOKEN\n  value: qX7mB2tY8nR4wL6cJ1sD\n", "qX7mB2tY8nR4wL6cJ1sD"),
        ("assigned-secret", "My API key is qX7mB2tY8nR4wL6cJ1sD.", "qX7mB2tY8nR4wL6cJ1sD"),
        ("authorization", "Authorization: Basic djJlNEpYa0NJUHZ5a2FWT0VR", "djJlNEpYa0NJUHZ5a2FWT0VR"),
        ("authorization", "'Authorization': 'Bearer qX7mB2tY8nR4wL6cJ1sD'", "qX7mB2tY8nR4wL6cJ1sD"),
    ];
    for (rule, text, value) in cases {
        assert_eq!(found(text), [(*rule, *value)], "{text}");
    }
}

#[test]
fn values_that_are_no_secret() {
    for text in [
        "password = getPassword()",
        "password = os.environ[\"DB_PASSWORD\"]",
        "password: ${DB_PASSWORD}",
        "password=\"{{ vault.password }}\"",
        "password = \"<your password>\"",
        "password: your-password-123",
        "password: changeme123",
        "password: \"********\"",
        "password: string",
        "password: 'Password1'",
        "password = \"test1234\"",
        "\"password\": \"Enter your password 2x\"",
        "The password is case-sensitive",
        "the password is too short.",
        "passwordHash = \"5f4dcc3b5aa765d61d8327deb882cf99\"",
        "token = tokenizer.next(42)",
        "token: request.headers.x_token_2",
        "max_tokens: 4096",
        "token_count = 128000",
        "eos_token = \"<|endoftext|>\"",
        "api_key = process.env.OPENAI_API_KEY",
        "api_key=\"your-api-key-here\"",
        "apiKey: 'xxxxxxxxxxxxxxxxxxxxxxxx'",
        "api_key: abcdefghijklmnopqrstuvwxyz123456",
        "api_key: 12345678901234567890",
        "public_key = \"9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit\"",
        "primaryKey=smqXX-bO__QDUAX98pbmcCfeGy2fDy",
        "csrf-token=Mj2qykJO5rELyHgezQ69nzUX0i3OH67V7",
        "credentialsId: 'ff083f76-7804-4ef1-80e4-fe975bb9141b'",
        "secretName: my-app-secret-2",
        "LLM_SECRET_NAME = \"NEXUS-GPT4-API-KEY\"",
        "access_token_url='https://github.com/login/oauth/access_token'",
        "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "\"integrity\": \"sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==\"",
        "checksum = \"8b3c1f2a9d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd\"",
        "id: 123e4567-e89b-12d3-a456-426614174000",
        "src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4\"",
        "https://user:password@example.com/",
        "https://user:${PASSWORD}@example.com/",
        "postgres://postgres:postgres@localhost/db",
        "http://localhost:5000/a@b",
        "curl -u user:test https://example.com",
        "docker run -u 1000:1000 image",
        "Authorization: Bearer <token>",
        "headers: { Authorization: `Bearer ${token}` }",
        "\"Authorization\": \"Bearer \" + token",
        "key_down_event=nPrk0Sr7sH9cPxG4i14i",
        "msgstr \"VIRHEKAPSELOINTIMERKKIJONO\"",
        "- (id)hf_requiredCharacteristicTypesForDisplayMetadata;",
        "sk-learn-style-estimators-and-pipelines",
        "s.AcceptanceTimeoutSeconds",
        "assets/video.ico-7a388b69018576d24b59331fd60aab0c.png",
        "return token = SyntaxKind.EndOfFile",
        "let secret_expander = TLS13_CHACHA20_POLY1305_SHA256_INTERNAL;",
        "let tokens: TokenStream = TokenStream::from_iter(vec![TokenTree::Literal({",
        "input.parse::<TokenStream>()?.to_tokens(&mut tokens)",
        "t.pass(\"tests/ui/**/*.rs\")",
        "if you need it, pass `v8::Isolate::GetCurrent()` or `-Dpamconfdir=no`",
        "MovedAttribute(\"HTTPPasswordMgr\", \"urllib2\", \"urllib.request\")",
        "password.encode(\"latin1\")",
        "const auth = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`",
        "'Authorization': `Basic ${Buffer.from('user:pass2').toString('base64')}`",
        "auth = dict(Email=credentials[0], Passwd=credentials[1])",
        "cvs://:pserver:anoncvs@sourceware.org/cvs",
        "contract token: 0x6b175474e89094c44da98b954eedeac495271d0f",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

/// A form proves, a name beside a value suggests.
#[test]
fn findings_say_how_sure_a_rule_is() {
    let confidence = |text: &str| {
        Scanner::new(vec![Config::secrets()])
            .unwrap()
            .scan(text, Stage::Input)
            .findings
            .first()
            .map(|finding| finding.confidence)
    };
    let pem = whole(
        "-----BEGIN §PRIVATE KEY-----\nMIIEpAIBAAKCAQEA3v9QpX7mB2tY8nR4wL6cJ1sD5fG0hK\n-----END §PRIVATE KEY-----",
    );
    assert_eq!(confidence(&pem), Some(95));
    assert_eq!(confidence(&whole("AKIA§Q3EGRDXW7Z5KJN2M")), Some(90));
    assert_eq!(confidence("api_key: 9f8vrbiw8cf7d7j6odx9h5tb"), Some(75));
    assert_eq!(confidence("password = \"Tr0ub4dor&3\""), Some(60));
}

/// A value may be personal data as well: what is to be done with that is done, whatever is done with secrets.
#[test]
fn personal_data_in_a_value_is_found_too() {
    let scanner = Scanner::new(vec![
        Config::secrets().with_action(tollgate::guard::Action::Allow),
        Config::pii().with_action(tollgate::guard::Action::Redact),
    ])
    .unwrap();
    let scan = scanner.scan("password = \"ann42@example.com\"", Stage::Input);
    assert_eq!(scan.text, "password = \"[REDACTED_EMAIL]\"");
}
