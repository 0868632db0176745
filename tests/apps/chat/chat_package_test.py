from apps.packaging import PackageConformance


class TestChatPackage(PackageConformance):
    app = "chat"
