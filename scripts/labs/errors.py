"""The one error of this package: value, rule, remedy. Caught in __main__, never elsewhere."""


class Failure(Exception):
    def __init__(self, value, rule, remedy):
        super().__init__(f"{value}: {rule}. {remedy}")
