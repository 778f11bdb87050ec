from functions.core.errors import *
